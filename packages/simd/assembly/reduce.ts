/**
 * @file Sums of whole tensors in the order of @octavo/kernels' lanes: lane l of L sums the elements l, l + L, … in
 * turn; then the lanes' sums are reduced alike. A task owns a strip of lanes.
 */
import { address, float, int, scratch } from './control';
import { encodeScaled, seedOf } from './cast';
import { MULTIPLY, scaleAt, scaleInto, uniformLength } from './scale';
import { commit, element, FP32, read } from './storage';
import { abs, loadPart, maxLanesInt, storePart, vec } from './vector';

/** Lanes of a task: a page of float32 of each row of lanes, for shorter pieces cost more misses than they have numbers. */
const STRIP: i32 = 1024;

/** Sums of lanes: 0 x, 3 elements, 4 lanes, 5 out (floats), 6 squares. */
export function laneSums(task: i32): void {
  const length = int(3);
  const lanes = int(4);
  const first = task * STRIP;
  const n = min(STRIP, lanes - first);
  const room = scratch();
  const sums = room + STRIP * 4 + 64;
  memory.fill(sums, 0, STRIP * 4);
  for (let i = first; i < length; i += lanes) {
    const count = min(n, length - i);
    const x = read(0, i, count, room);
    for (let j = 0; j < count; j += 4) {
      const k = (<usize>j) << 2;
      let v = loadPart(x + k, count - j, vec(0));
      if (int(6)) v = f32x4.mul(v, v);
      v128.store(sums + k, f32x4.add(v128.load(sums + k), v));
    }
  }
  memory.copy(address(5) + ((<usize>first) << 2), sums, (<usize>n) << 2);
}

/** The rest of it, on one thread: 0 sums, 1 lanes, 2 out, 5 element of out. */
export function laneJoin(task: i32): void {
  const room = scratch();
  store<f32>(room, joined(address(0), int(1), room));
  commit(2, int(5), 1, room);
}

/** Sum of 4096, 64 or fewer lanes, in order. `room`: 256 bytes. */
function joined(sums: usize, lanes: i32, room: usize): f32 {
  let from = sums;
  let left = lanes;
  if (lanes > 64) {
    memory.fill(room, 0, 256);
    for (let i = 0; i < lanes; i += 64) {
      for (let l = 0; l < 64; l++) {
        const at = room + ((<usize>l) << 2);
        store<f32>(at, load<f32>(at) + load<f32>(sums + ((<usize>(i + l)) << 2)));
      }
    }
    from = room;
    left = 64;
  }
  return inOrder(from, left);
}

function inOrder(from: usize, n: i32): f32 {
  let s: f32 = 0;
  for (let i = 0; i < n; i++) s += load<f32>(from + ((<usize>i) << 2));
  return s;
}

/** Rows of lanes at a time: their sums are loaded and stored once for all. */
const GROUP: i32 = 4;
const INFINITY_BITS: i32 = 0x7f800000;

// within the counts of a task, four lanes each
const MOST: usize = 0;
const CLIPPED: usize = 16;
const UNDERFLOWED: usize = 32;
const FINITE: usize = 48;
const LARGEST: usize = 64; // as MOST, infinities included
const COUNTS: usize = 80;

/**
 * castStatistics of lanes, with the codes or without: 0 x, 3 elements, 4 lanes, 5 sums (three arrays of lanes),
 * 6 counts (20 bytes a task: amax bits, clipped, underflowed, finite, amax bits with infinities), 7 scales (5 arguments), 12 max,
 * 13 minSubnormal / 2, 14 codes (address 0 if none), 17 rounding, 18 special, 19 seed tensor, 20 stream.
 */
export function laneStatistics(task: i32): void {
  const length = int(3);
  const lanes = int(4);
  const first = task * STRIP;
  const n = min(STRIP, lanes - first);
  const line = STRIP * 4 + 64;
  const counts = scratch();
  const sums = counts + COUNTS;
  const room = sums + STRIP * 12 + 64; // x, if it must be decoded, then x · scale: GROUP rows each
  const scaledRoom = room + GROUP * line;
  const encodeRoom = scaledRoom + GROUP * line;
  const clippedAt = encodeRoom + line;
  const seed = address(14) ? seedOf(17) : 0;
  memory.fill(counts, 0, COUNTS + STRIP * 12);
  for (let i = first; i < length; i += lanes * GROUP) {
    v128.store(clippedAt, i32x4.splat(0));
    const rows = min(GROUP, (length - i + lanes - 1) / lanes);
    let plain = rows == GROUP && (n & 3) == 0;
    let top: i32 = 0;
    for (let r = 0; r < rows; r++) {
      const index = i + r * lanes;
      const count = min(n, length - index);
      const x = read(0, index, count, room + <usize>r * line);
      const scaled = scaledRoom + <usize>r * line;
      const uniform = uniformLength(7, index) >= <u32>count;
      let seen: i32 = -1;
      if (address(14)) {
        const to = element(14, index);
        if (uniform) {
          seen = encodeScaled(int(15), address(16), int(17), int(18), x, count, to, seed, index, scaleAt(7, index), encodeRoom);
        } else {
          scaleInto(7, MULTIPLY, x, scaled, index, count);
          encodeScaled(int(15), address(16), int(17), int(18), scaled, count, to, seed, index, 1, encodeRoom);
        }
      }
      plain = plain && uniform && count == n;
      if (!plain) continue;
      if (seen < 0) seen = topBits(x, n);
      top = max(top, seen);
      // a number near the end of float32 would make its scaled magnitude infinite: leave it to the careful form
      plain = seen < INFINITY_BITS && scaleAt(7, index) > 0;
      if (plain && reinterpret<f32>(seen) * scaleAt(7, index) > float(12)) countClipped(x, n, scaleAt(7, index), clippedAt);
    }
    if (plain) {
      store<i32>(counts, max(top, load<i32>(counts)));
      v128.store(counts, i32x4.add(v128.load(counts, CLIPPED), v128.load(clippedAt)), CLIPPED);
      groupStatistics(i, lanes, n, room, sums, counts);
    } else {
      for (let r = 0; r < rows; r++) {
        const index = i + r * lanes;
        const count = min(n, length - index);
        const x = read(0, index, count, room + <usize>r * line);
        scaleInto(7, MULTIPLY, x, scaledRoom, index, count);
        rowStatistics(x, scaledRoom, count, sums, counts);
      }
    }
  }
  const to = address(5) + ((<usize>first) << 2);
  const array = (<usize>lanes) << 2;
  for (let power: usize = 0; power < 3; power++) {
    memory.copy(to + power * array, sums + power * STRIP * 4, (<usize>n) << 2);
  }
  const totals = address(6) + <usize>task * 20;
  store<i32>(totals, maxLanesInt(v128.load(counts)));
  store<i32>(totals, sumInts(v128.load(counts, CLIPPED)), 4);
  store<i32>(totals, sumInts(v128.load(counts, UNDERFLOWED)), 8);
  store<i32>(totals, sumInts(v128.load(counts, FINITE)), 12);
  store<i32>(totals, max(load<i32>(totals), maxLanesInt(v128.load(counts, LARGEST))), 16);
}

/** Bits of the largest magnitude of `n` floats, a multiple of 4; above infinity's if there is a NaN. */
function topBits(x: usize, n: i32): i32 {
  let top = i32x4.splat(0);
  for (let j = 0; j < n; j += 4) top = i32x4.max_s(top, abs(v128.load(x + ((<usize>j) << 2))));
  return maxLanesInt(top);
}

/** Adds how many of `n` numbers, a multiple of 4, are clipped. */
function countClipped(x: usize, n: i32, scale: f32, to: usize): void {
  const limit = i32x4.splat(int(12));
  const s = vec(scale);
  let clipped = v128.load(to);
  for (let j = 0; j < n; j += 4) {
    clipped = i32x4.sub(clipped, i32x4.gt_s(abs(f32x4.mul(v128.load(x + ((<usize>j) << 2)), s)), limit));
  }
  v128.store(to, clipped);
}

/** Bits of the largest magnitude of which the product with `scale` is at most `half`: of what underflows. */
function underflowBits(half: f32, scale: f32): i32 {
  let bits = reinterpret<i32>(half / scale);
  if (bits >= INFINITY_BITS) return INFINITY_BITS - 1;
  while (bits > 0 && reinterpret<f32>(bits) * scale > half) bits--;
  while (bits < INFINITY_BITS - 1 && reinterpret<f32>(bits + 1) * scale <= half) bits++;
  return bits;
}

/** The magnitude's bits less one, as an unsigned number in the order of signed ones: zero comes last. */
// @ts-ignore: decorator
@inline
function order(x: v128): v128 {
  return i32x4.add(abs(x), i32x4.splat(0x7fffffff));
}

/** −1 for each of four numbers that underflows; `limit` is the order after the last of them. */
// @ts-ignore: decorator
@inline
function isSmall(x: v128, limit: v128): v128 {
  return i32x4.gt_s(limit, order(x));
}

// @ts-ignore: decorator
@inline
function smallLimit(index: i32): v128 {
  return i32x4.splat(underflowBits(float(13), scaleAt(7, index)) + 0x7fffffff + 1);
}

/** Sums and underflows of GROUP rows of finite numbers, each row under one scale. */
function groupStatistics(index: i32, lanes: i32, n: i32, room: usize, sums: usize, counts: usize): void {
  const line = STRIP * 4 + 64;
  const inPlace = int(1) == FP32;
  const x0 = inPlace ? element(0, index) : room;
  const step = inPlace ? (<usize>lanes) << 2 : line;
  const x1 = x0 + step;
  const x2 = x1 + step;
  const x3 = x2 + step;
  const l0 = smallLimit(index);
  const l1 = smallLimit(index + lanes);
  const l2 = smallLimit(index + 2 * lanes);
  const l3 = smallLimit(index + 3 * lanes);
  let small = v128.load(counts, UNDERFLOWED);
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    const at = sums + k;
    const a = v128.load(x0 + k);
    const b = v128.load(x1 + k);
    const c = v128.load(x2 + k);
    const d = v128.load(x3 + k);
    v128.store(at, f32x4.add(f32x4.add(f32x4.add(f32x4.add(v128.load(at), a), b), c), d));
    const below = i32x4.add(i32x4.add(isSmall(a, l0), isSmall(b, l1)), i32x4.add(isSmall(c, l2), isSmall(d, l3)));
    small = i32x4.sub(small, below);
    const a2 = f32x4.mul(a, a);
    const b2 = f32x4.mul(b, b);
    const c2 = f32x4.mul(c, c);
    const d2 = f32x4.mul(d, d);
    v128.store(at, f32x4.add(f32x4.add(f32x4.add(f32x4.add(v128.load(at, STRIP * 4), a2), b2), c2), d2), STRIP * 4);
    const low = f32x4.add(f32x4.add(v128.load(at, STRIP * 8), f32x4.mul(a2, a2)), f32x4.mul(b2, b2));
    v128.store(at, f32x4.add(f32x4.add(low, f32x4.mul(c2, c2)), f32x4.mul(d2, d2)), STRIP * 8);
  }
  v128.store(counts, small, UNDERFLOWED);
  // a quarter of the rows' numbers a lane
  v128.store(counts, i32x4.add(v128.load(counts, FINITE), i32x4.splat(n)), FINITE);
}

/** One row of any numbers. */
function rowStatistics(x: usize, scaled: usize, count: i32, sums: usize, counts: usize): void {
  const limit = i32x4.splat(int(12));
  const half = i32x4.splat(int(13));
  for (let j = 0; j < count; j += 4) {
    const k = (<usize>j) << 2;
    const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count - j));
    const bits = abs(v128.load(x + k));
    const good = v128.and(inside, i32x4.lt_s(bits, i32x4.splat(INFINITY_BITS)));
    const v = v128.and(v128.load(x + k), good);
    const a = v128.and(bits, good);
    const s = v128.and(abs(v128.load(scaled + k)), good);
    v128.store(counts, i32x4.max_s(v128.load(counts), a));
    const known = v128.and(inside, i32x4.le_s(bits, i32x4.splat(INFINITY_BITS)));
    v128.store(counts, i32x4.max_s(v128.load(counts, LARGEST), v128.and(bits, known)), LARGEST);
    v128.store(counts, i32x4.sub(v128.load(counts, FINITE), good), FINITE);
    v128.store(counts, i32x4.sub(v128.load(counts, CLIPPED), i32x4.gt_s(s, limit)), CLIPPED);
    const small = v128.and(i32x4.gt_s(a, i32x4.splat(0)), i32x4.le_s(s, half));
    v128.store(counts, i32x4.sub(v128.load(counts, UNDERFLOWED), small), UNDERFLOWED);
    const square = f32x4.mul(v, v);
    v128.store(sums + k, f32x4.add(v128.load(sums + k), v));
    v128.store(sums + k, f32x4.add(v128.load(sums + k, STRIP * 4), square), STRIP * 4);
    v128.store(sums + k, f32x4.add(v128.load(sums + k, STRIP * 8), f32x4.mul(square, square)), STRIP * 8);
  }
}

function sumInts(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
}

/** castStatistics, the rest: 0 sums, 1 lanes, 2 out, 5 elements, 6 counts, 7 strips, 8 amax or none. */
export function statisticsJoin(task: i32): void {
  const room = scratch();
  const out = room + 512;
  const lanes = int(1);
  let most: i32 = 0;
  let largest: i32 = 0;
  let clipped: i32 = 0;
  let underflowed: i32 = 0;
  let finite: i32 = 0;
  for (let s = 0; s < int(7); s++) {
    const counts = address(6) + <usize>s * 20;
    most = max(most, load<i32>(counts));
    clipped += load<i32>(counts, 4);
    underflowed += load<i32>(counts, 8);
    finite += load<i32>(counts, 12);
    largest = max(largest, load<i32>(counts, 16));
  }
  store<i32>(out, most);
  store<f32>(out, <f32>clipped, 4);
  store<f32>(out, <f32>underflowed, 8);
  // the three sums side by side: each waits for its own last addition only
  const array = (<usize>lanes) << 2;
  let sum: f32 = 0;
  let squares: f32 = 0;
  let fourths: f32 = 0;
  for (let l = 0; l < lanes; l++) {
    const at = address(0) + ((<usize>l) << 2);
    sum += load<f32>(at);
    squares += load<f32>(at + array);
    fourths += load<f32>(at + 2 * array);
  }
  store<f32>(out, sum, 12);
  store<f32>(out, squares, 16);
  store<f32>(out, fourths, 20);
  store<f32>(out, <f32>(int(5) - finite), 24);
  store<f32>(out, <f32>int(5), 28);
  commit(2, 0, 8, out);
  if (address(8) == 0) return;
  store<i32>(out, largest);
  commit(8, 0, 1, out);
}
