/**
 * @file Sums of whole tensors in the order of @octavo/kernels' lanes: lane l of L sums the elements l, l + L, … in
 * turn. Threads take chunks of whole rows of lanes, which memory likes, and what they have read is still in their
 * cache when they add it to the sums.
 *
 * Lanes are cut into strips. Each has a number, of the chunk that it takes next, and a lock; each chunk has a mark
 * once its other work is done. Who has marked a chunk adds to every strip that nobody is at: what is marked, in order.
 * Who finds a strip locked goes on to the next, for the one who holds it looks again after giving it back. So nobody
 * waits, and every sum has the one order.
 */
import {
  BF16_KIND, FP32_KIND, LANE_ROWS, LANE_SLACK, LANE_STRIP, LANE_STRIP_BYTES, MOST_LANES,
} from '../src/numbers';
import { bf16High, bf16Low } from './bf16';
import { address, int, scratch } from './command';
import { element, read } from './storage';
import { abs, INFINITY_BITS, loadPart, vec } from './vector';

/** What is summed: x, x², or x and x² and x⁴ of finite numbers. */
export const VALUES: i32 = 0;
export const SQUARES: i32 = 1;
export const POWERS: i32 = 2;

/** Marks of a chunk. */
export const PLAIN: i32 = 1;
export const STRANGE: i32 = 2;


/** Bytes from one power's sums to the next. */
// @ts-ignore: decorator
@inline
export function sumsStride(lanes: i32): usize {
  return ((<usize>lanes) << 2) + LANE_SLACK;
}

/** Elements of a chunk. */
export function chunkElements(lanes: i32): i32 {
  return lanes == MOST_LANES ? LANE_ROWS * MOST_LANES : 64 * lanes;
}

/**
 * Marks chunk `task` and adds to the sums what can be added. Arguments: 0 x, 3 elements, 4 lanes, 5 sums, and at
 * `slot` strips and chunks' marks, zero at first.
 */
export function addChunk(what: i32, task: i32, mark: i32, slot: i32): void {
  const lanes = int(4);
  const count = (lanes + LANE_STRIP - 1) / LANE_STRIP;
  const strips = address(slot);
  const marks = strips + <usize>count * LANE_STRIP_BYTES;
  const chunk = chunkElements(lanes);
  const chunks = (int(3) + chunk - 1) / chunk;
  atomic.store<i32>(marks + ((<usize>task) << 2), mark);
  for (let s = 0; s < count; s++) {
    const at = strips + <usize>s * LANE_STRIP_BYTES;
    while (true) {
      let next = atomic.load<i32>(at);
      if (next == chunks || atomic.load<i32>(marks + ((<usize>next) << 2)) == 0) break;
      if (atomic.cmpxchg<i32>(at + 4, 0, 1) != 0) break;
      next = atomic.load<i32>(at);
      while (next < chunks) {
        const seen = atomic.load<i32>(marks + ((<usize>next) << 2));
        if (seen == 0) break;
        addToStrip(what, next, s * LANE_STRIP, seen == STRANGE);
        next++;
      }
      atomic.store<i32>(at, next);
      atomic.store<i32>(at + 4, 0);
    }
  }
}

/** Adds a chunk's numbers to the lanes from `lane` on. */
function addToStrip(what: i32, task: i32, lane: i32, strange: bool): void {
  const length = int(3);
  const lanes = int(4);
  const chunk = chunkElements(lanes);
  const n = min(LANE_STRIP, lanes - lane);
  const first = task * chunk + lane;
  const last = min(length, (task + 1) * chunk);
  const sums = address(5) + ((<usize>lane) << 2);
  const kind = int(1);
  if (!strange && lanes == MOST_LANES && (task + 1) * chunk <= length && (kind == FP32_KIND || kind == BF16_KIND)) {
    const x = element(0, first);
    if (kind == FP32_KIND) {
      if (what == POWERS) rowsOfFloats<u32>(x, n, sums);
      else if (what == SQUARES) rowsOfFloats<u16>(x, n, sums);
      else rowsOfFloats<u8>(x, n, sums);
    } else if (what == POWERS) rowsOfHalves<u32>(x, n, sums);
    else if (what == SQUARES) rowsOfHalves<u16>(x, n, sums);
    else rowsOfHalves<u8>(x, n, sums);
    return;
  }
  for (let i = first; i < last; i += lanes) {
    const some = min(n, last - i);
    oneRow(what, read(0, i, some, scratch()), some, sums, sumsStride(lanes));
  }
}

// from here on of eight rows of all lanes; the bytes of T are the highest power, so that each sum has a loop of its own
const ROW: usize = <usize>MOST_LANES * 4;
const HALVES: usize = ROW / 2;
const STRIDE: usize = ROW + LANE_SLACK;

/** sums + a: where there is a fused multiply-add, by the units that multiply, for others have enough to add. */
// @ts-ignore: decorator
@inline
function plus(sums: v128, a: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, vec(1), sums);
  return f32x4.add(sums, a);
}

/** One number of each row, in order, in four lanes. */
// @ts-ignore: decorator
@inline
function add8(at: usize, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): void {
  const four = f32x4.add(f32x4.add(f32x4.add(plus(v128.load(at), a), b), c), d);
  v128.store(at, f32x4.add(f32x4.add(f32x4.add(f32x4.add(four, e), f), g), h));
}

// @ts-ignore: decorator
@inline
function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

// @ts-ignore: decorator
@inline
function powers8(at: usize, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): void {
  add8(at, a, b, c, d, e, f, g, h);
  const a2 = square(a);
  const b2 = square(b);
  const c2 = square(c);
  const d2 = square(d);
  const e2 = square(e);
  const f2 = square(f);
  const g2 = square(g);
  const h2 = square(h);
  add8(at + STRIDE, a2, b2, c2, d2, e2, f2, g2, h2);
  add8(at + 2 * STRIDE, square(a2), square(b2), square(c2), square(d2), square(e2), square(f2), square(g2), square(h2));
}

// @ts-ignore: decorator
@inline
function sums8<T>(at: usize, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): void {
  if (sizeof<T>() == 4) powers8(at, a, b, c, d, e, f, g, h);
  else if (sizeof<T>() == 1) add8(at, a, b, c, d, e, f, g, h);
  else add8(at, square(a), square(b), square(c), square(d), square(e), square(f), square(g), square(h));
}

// @ts-ignore: decorator
@inline
function row(at: usize, r: usize): v128 {
  return v128.load(at + r * ROW);
}

// @ts-ignore: decorator
@inline
function rowsOfFloats<T>(x: usize, n: i32, sums: usize): void {
  for (let j: usize = 0; j < <usize>n; j += 4) {
    const at = x + (j << 2);
    const to = sums + (j << 2);
    sums8<T>(to, row(at, 0), row(at, 1), row(at, 2), row(at, 3), row(at, 4), row(at, 5), row(at, 6), row(at, 7));
  }
}

// @ts-ignore: decorator
@inline
function rowsOfHalves<T>(x: usize, n: i32, sums: usize): void {
  for (let j: usize = 0; j < <usize>n; j += 8) {
    const at = x + (j << 1);
    const to = sums + (j << 2);
    const a = v128.load(at);
    const b = v128.load(at, HALVES);
    const c = v128.load(at, 2 * HALVES);
    const d = v128.load(at, 3 * HALVES);
    const e = v128.load(at, 4 * HALVES);
    const f = v128.load(at, 5 * HALVES);
    const g = v128.load(at, 6 * HALVES);
    const h = v128.load(at, 7 * HALVES);
    sums8<T>(to, bf16Low(a), bf16Low(b), bf16Low(c), bf16Low(d), bf16Low(e), bf16Low(f), bf16Low(g), bf16Low(h));
    sums8<T>(to + 16, bf16High(a), bf16High(b), bf16High(c), bf16High(d), bf16High(e), bf16High(f), bf16High(g), bf16High(h));
  }
}

/** Any numbers of one row. */
function oneRow(what: i32, x: usize, n: i32, sums: usize, stride: usize): void {
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    let v = loadPart(x + k, n - j, vec(0));
    if (what == POWERS) v = v128.and(v, i32x4.lt_s(abs(v), i32x4.splat(INFINITY_BITS)));
    const v2 = square(v);
    const at = sums + k;
    v128.store(at, f32x4.add(v128.load(at), what == SQUARES ? v2 : v));
    if (what != POWERS) continue;
    v128.store(at + stride, f32x4.add(v128.load(at + stride), v2));
    v128.store(at + 2 * stride, f32x4.add(v128.load(at + 2 * stride), square(v2)));
  }
}
