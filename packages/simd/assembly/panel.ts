/**
 * @file Panels: rows interleaved so that the tile reads them one after the other.
 *
 * Six rows (of A) or eight (of B) are read through a list of addresses, four columns at a time, and transposed in
 * registers. Reads up to 12 bytes beyond a row.
 */
import { highHalves, highPairs, lowHalves, lowPairs } from './shuffles';

// @ts-ignore: decorator
@inline
function row(list: usize, i: usize): usize {
  return <usize>load<u32>(list + (i << 2));
}

/** Four rows into columns `0 … 3` of panels `stride` bytes a step. */
// @ts-ignore: decorator
@inline
function transpose4(a: v128, b: v128, c: v128, d: v128, to: usize, stride: usize): void {
  const ab0 = lowPairs(a, b);
  const ab1 = highPairs(a, b);
  const cd0 = lowPairs(c, d);
  const cd1 = highPairs(c, d);
  v128.store(to, lowHalves(ab0, cd0));
  v128.store(to + stride, highHalves(ab0, cd0));
  v128.store(to + 2 * stride, lowHalves(ab1, cd1));
  v128.store(to + 3 * stride, highHalves(ab1, cd1));
}

/** Eight rows of `n` floats, by a list of eight addresses, to a panel `[n][8]`. */
export function interleave8(list: usize, n: i32, to: usize): void {
  const r0 = row(list, 0);
  const r1 = row(list, 1);
  const r2 = row(list, 2);
  const r3 = row(list, 3);
  const r4 = row(list, 4);
  const r5 = row(list, 5);
  const r6 = row(list, 6);
  const r7 = row(list, 7);
  let k = 0;
  for (; k + 4 <= n; k += 4) {
    const at = (<usize>k) << 2;
    transpose4(v128.load(r0 + at), v128.load(r1 + at), v128.load(r2 + at), v128.load(r3 + at), to, 32);
    transpose4(v128.load(r4 + at), v128.load(r5 + at), v128.load(r6 + at), v128.load(r7 + at), to + 16, 32);
    to += 128;
  }
  for (; k < n; k++) {
    for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(row(list, i) + ((<usize>k) << 2)));
    to += 32;
  }
}

/** Six rows of `n` floats, by a list of six addresses, to a panel `[n][6]`. */
export function interleave6(list: usize, n: i32, to: usize): void {
  const r0 = row(list, 0);
  const r1 = row(list, 1);
  const r2 = row(list, 2);
  const r3 = row(list, 3);
  const r4 = row(list, 4);
  const r5 = row(list, 5);
  let k = 0;
  for (; k + 4 <= n; k += 4) {
    const at = (<usize>k) << 2;
    transpose4(v128.load(r0 + at), v128.load(r1 + at), v128.load(r2 + at), v128.load(r3 + at), to, 24);
    const low = lowPairs(v128.load(r4 + at), v128.load(r5 + at));
    const high = highPairs(v128.load(r4 + at), v128.load(r5 + at));
    v128.store64_lane(to, low, 0, 16);
    v128.store64_lane(to, low, 1, 40);
    v128.store64_lane(to, high, 0, 64);
    v128.store64_lane(to, high, 1, 88);
    to += 96;
  }
  for (; k < n; k++) {
    for (let i: usize = 0; i < 6; i++) store<f32>(to + (i << 2), load<f32>(row(list, i) + ((<usize>k) << 2)));
    to += 24;
  }
}

/** Floats `from` of one k to step k of `panels` panels of eight that lie `stride` bytes apart. Reads whole panels. */
export function spread8(from: usize, panels: i32, to: usize, stride: usize): void {
  for (let p = 0; p < panels; p++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += 32;
    to += stride;
  }
}

/** The same for panels of six. */
export function spread6(from: usize, panels: i32, to: usize, stride: usize): void {
  for (let p = 0; p < panels; p++) {
    v128.store(to, v128.load(from));
    store<u64>(to, load<u64>(from, 16), 16);
    from += 24;
    to += stride;
  }
}
