/** @file SwiGLU on packed rows `[gate | up]`, its gradient, and the scales of its smooth forms. */
import { amaxBits } from './amax';
import { int, scratch } from './command';
import { expOfNegative } from './math';
import { commit, read, target } from './storage';
import { abs, storePart, vec } from './vector';

const PIECE: i32 = 1024;

/** 1 / (1 + e^−x), where x < 0 as e^x / (1 + e^x): nothing overflows, and x · sigmoid(x) goes to −0. */
// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = vec(1);
  const e = expOfNegative(f32x4.neg(abs(x)));
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, vec(0))), f32x4.add(one, e));
}

/** swiglu: 0 gateUp, 3 t, 6 out, 9 rows, 10 F, 11 rows a task, 12 per token. */
export function swiglu(task: i32): void {
  const columns = int(10);
  const first = task * int(11);
  const last = min(int(9), first + int(11));
  const room = scratch();
  for (let r = first; r < last; r++) {
    const t = vec(int(12) ? load<f32>(read(3, r, 1, room)) : 1);
    for (let c = 0; c < columns; c += PIECE) {
      const n = min(PIECE, columns - c);
      const gate = read(0, r * 2 * columns + c, n, room);
      const up = read(0, (r * 2 + 1) * columns + c, n, room + PIECE * 4);
      const to = target(6, r * columns + c, room + PIECE * 8);
      if (int(12)) {
        for (let i = 0; i < n; i += 4) {
          const k = (<usize>i) << 2;
          const g = v128.load(gate + k);
          const silu = f32x4.mul(g, sigmoid(g));
          storePart(to + k, f32x4.mul(f32x4.div(v128.load(up + k), t), silu), n - i);
        }
      } else {
        for (let i = 0; i < n; i += 4) {
          const k = (<usize>i) << 2;
          const g = v128.load(gate + k);
          const silu = f32x4.mul(g, sigmoid(g));
          storePart(to + k, f32x4.mul(v128.load(up + k), silu), n - i);
        }
      }
      commit(6, r * columns + c, n, to);
    }
  }
}

/** swigluGrad: 0 gateUp, 3 dh, 6 t, 9 out, 12 rows, 13 F, 14 rows a task, 15 per token. */
export function swigluGrad(task: i32): void {
  const columns = int(13);
  const first = task * int(14);
  const last = min(int(12), first + int(14));
  const room = scratch();
  const one = vec(1);
  for (let r = first; r < last; r++) {
    const t = vec(int(15) ? load<f32>(read(6, r, 1, room)) : 1);
    for (let c = 0; c < columns; c += PIECE) {
      const n = min(PIECE, columns - c);
      const gateAt = r * 2 * columns + c;
      const upAt = gateAt + columns;
      const gate = read(0, gateAt, n, room);
      const up = read(0, upAt, n, room + PIECE * 4);
      const dh = read(3, r * columns + c, n, room + PIECE * 8);
      const toGate = target(9, gateAt, room + PIECE * 12);
      const toUp = target(9, upAt, room + PIECE * 16);
      for (let i = 0; i < n; i += 4) {
        const k = (<usize>i) << 2;
        const g = v128.load(gate + k);
        const d = f32x4.div(v128.load(dh + k), t);
        const s = sigmoid(g);
        const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
        storePart(toGate + k, f32x4.mul(f32x4.mul(d, v128.load(up + k)), slope), n - i);
        storePart(toUp + k, f32x4.mul(d, f32x4.mul(g, s)), n - i);
      }
      commit(9, gateAt, n, toGate);
      commit(9, upAt, n, toUp);
    }
  }
}

/** tokenAmax: 0 gateUp, 3 out, 6 rows, 7 F, 8 rows a task. */
export function tokenAmax(task: i32): void {
  const columns = int(7);
  const first = task * int(8);
  const last = min(int(6), first + int(8));
  const room = scratch();
  const results = room + PIECE * 4 + 64;
  for (let r = first; r < last; r++) {
    let most: i32 = 0;
    for (let c = 0; c < columns; c += PIECE) {
      const n = min(PIECE, columns - c);
      most = max(most, amaxBits(read(0, (r * 2 + 1) * columns + c, n, room), n));
    }
    store<f32>(results, most == 0 ? 1 : reinterpret<f32>(most));
    commit(3, r, 1, results);
  }
}

/** smoothScale: 0 amax, 3 out, 6 elements: 2^-⌈log2 a⌉, 1 where a is 0. */
export function smoothScale(task: i32): void {
  const room = scratch();
  for (let i = 0; i < int(6); i += PIECE) {
    const n = min(PIECE, int(6) - i);
    const a = read(0, i, n, room);
    const to = target(3, i, room);
    for (let j = 0; j < n; j++) {
      const at = (<usize>j) << 2;
      store<f32>(to + at, smoothOf(load<f32>(a + at)));
    }
    commit(3, i, n, to);
  }
}

function smoothOf(a: f32): f32 {
  const bits = reinterpret<u32>(a);
  if (bits == 0 || bits >= 0x7f800000) return 1;
  if (bits < 0x800000) return reinterpret<f32>(<u32>253 << 23); // below 2^-126: 2^126
  const exponent = <i32>(bits >> 23) - 127 + (bits & 0x7fffff ? 1 : 0);
  if (exponent >= 127) return reinterpret<f32>(exponent > 127 ? <u32>1 << 23 : <u32>1 << 22);
  return reinterpret<f32>(<u32>(127 - exponent) << 23);
}
