/** @file Cross-entropy of rows of logits, and its gradient. */
import { BF16_KIND } from '../src/numbers';
import { bf16High, bf16Low, encodeBf16Times } from './bf16';
import { address, int, scratch } from './command';
import { exp, log } from './math';
import { commit, element, read, target } from './storage';
import { firstLanes, loadPart, storePart, sumLanes, vec } from './vector';

/** Largest of n floats that are not NaN; a NaN makes the sum of exponentials NaN. */
export function largest(x: usize, n: i32): f32 {
  const low = vec(-Infinity);
  let m0 = low;
  let m1 = low;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = x + ((<usize>i) << 2);
    m0 = f32x4.pmax(m0, v128.load(at));
    m1 = f32x4.pmax(m1, v128.load(at, 16));
  }
  for (; i < n; i += 4) m0 = f32x4.pmax(m0, loadPart(x + ((<usize>i) << 2), n - i, low));
  const m = f32x4.pmax(m0, m1);
  return max(
    max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
    max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
  );
}

/** Of BF16: as integers of sixteen bits in the order of the numbers, of which those with a sign run backwards. */
function largestHalf(x: usize, n: i32): f32 {
  let top = i16x8.splat(-0x8000);
  let i = 0;
  for (; i + 8 <= n; i += 8) top = i16x8.max_s(top, ordered(v128.load(x + ((<usize>i) << 1))));
  for (; i < n; i++) top = i16x8.max_s(top, ordered(v128.load16_splat(x + ((<usize>i) << 1))));
  top = i32x4.max_s(i32x4.extend_low_i16x8_s(top), i32x4.extend_high_i16x8_s(top));
  const most = max(max(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)), max(i32x4.extract_lane(top, 2), i32x4.extract_lane(top, 3)));
  return reinterpret<f32>((most ^ ((most >> 31) & 0x7fff)) << 16);
}

// @ts-ignore: decorator
@inline
function ordered(x: v128): v128 {
  return v128.xor(x, v128.and(i16x8.shr_s(x, 15), i16x8.splat(0x7fff)));
}

/** Σ e^(x − most) over n floats, each term stored at `to`. */
function sumExp(x: usize, n: i32, most: f32, to: usize): f32 {
  return sumExpOf(false, x, n, most, to);
}

/** Logits are floats, or BF16 if `halves`. */
// @ts-ignore: decorator
@inline
function sumExpOf(halves: bool, x: usize, n: i32, most: f32, to: usize): f32 {
  const m = vec(most);
  let s0 = vec(0);
  let s1 = vec(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = (<usize>i) << 2;
    const both = v128.load(x + (halves ? at >> 1 : at));
    const a = exp(f32x4.sub(halves ? bf16Low(both) : both, m));
    const b = exp(f32x4.sub(halves ? bf16High(both) : v128.load(x + at, 16), m));
    v128.store(to + at, a);
    v128.store(to + at, b, 16);
    s0 = f32x4.add(s0, a);
    s1 = f32x4.add(s1, b);
  }
  for (; i < n; i += 4) {
    const at = (<usize>i) << 2;
    const four = v128.load(x + (halves ? at >> 1 : at));
    const a = exp(f32x4.sub(halves ? bf16Low(four) : four, m));
    storePart(to + at, a, n - i);
    s0 = f32x4.add(s0, firstLanes(a, n - i));
  }
  return sumLanes(f32x4.add(s0, s1));
}

/** The gradient of a row, given its exponentials, 1 / their sum times the weight, and where they may be changed. */
function storeGradient(at: u32, n: i32, e: usize, share: f32): void {
  // exponentials are at most 1, or all NaN, and so is the share
  if (int(13) == BF16_KIND && abs<f32>(share) < Infinity) {
    encodeBf16Times(e, share, n, element(12, at));
    return;
  }
  const s = vec(share);
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    storePart(e + k, f32x4.mul(v128.load(e + k), s), n - i);
  }
  commit(12, at, n, e);
}

/**
 * 0 logits, 3 targets, 6 weight, 9 losses (address 0: none), 12 gradient (address 0: none), 15 rows, 16 columns,
 * 17 rows a task.
 */
export function crossEntropy(task: i32): void {
  const columns = int(16);
  const first = task * int(17);
  const last = min(int(15), first + int(17));
  const room = scratch();
  const row = (<usize>columns + 4) << 2;
  const one = room + 2 * row;
  const gradient = address(12) != 0;
  const weight = gradient ? load<f32>(read(6, 0, 1, one)) : 0;
  for (let t = first; t < last; t++) {
    const at = t * columns;
    const wanted = <i32>load<f32>(read(3, t, 1, one));
    if (wanted < 0) {
      if (address(9)) {
        store<f32>(one, 0);
        commit(9, t, 1, one);
      }
      if (gradient) {
        const to = target(12, at, room + row);
        memory.fill(to, 0, (<usize>columns) << 2);
        commit(12, at, columns, to);
      }
      continue;
    }
    const e = gradient ? target(12, at, room + row) : room + row;
    let logit: f32;
    let most: f32;
    let total: f32;
    if (int(1) == BF16_KIND) {
      const x = element(0, at);
      logit = reinterpret<f32>(<u32>load<u16>(x + ((<usize>wanted) << 1)) << 16);
      most = largestHalf(x, columns);
      total = sumExpOf(true, x, columns, most, e);
    } else {
      const x = read(0, at, columns, room);
      logit = load<f32>(x + ((<usize>wanted) << 2));
      most = largest(x, columns);
      total = sumExp(x, columns, most, e);
    }
    if (address(9)) {
      store<f32>(one, <f32>log(<f64>total) + (most - logit));
      commit(9, t, 1, one);
    }
    if (gradient) {
      store<f32>(one, (load<f32>(e + ((<usize>wanted) << 2)) / total - 1) * weight);
      storeGradient(at, columns, e, weight / total);
      commit(12, at + wanted, 1, one);
    }
  }
}
