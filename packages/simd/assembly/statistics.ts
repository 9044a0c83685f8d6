/** @file What a cast does to a tensor, in eight numbers, with the codes or without. */
import { NEAREST } from '../src/numbers';
import { castScaled, castUniform, seedOf } from './cast';
import { address, float, int, PIECE, PIECE_ROOM, scratch } from './command';
import { addChunk, chunkElements, PLAIN, POWERS, STRANGE, sumsStride } from './lanes';
import { MULTIPLY, scaleAt, scaleInto, uniformLength } from './scale';
import { commit, element, read } from './storage';
import { abs, INFINITY_BITS, loadPart, maxLanesInt, sumLanesInt, vec } from './vector';

/** Elements under one scale from which on they are a piece of their own. */
const LEAST: u32 = 64;

// of the task at work
let most: i32 = 0;
let largest: i32 = 0; // as most, all that is not finite included
let clipped: i32 = 0;
let underflowed: i32 = 0;
let finite: i32 = 0;
let small: i32 = 0;

/**
 * castStatistics of chunks: 0 x, 3 elements, 4 lanes, 5 sums (three arrays of lanes), 6 counts (20 bytes a task: amax
 * bits, clipped, underflowed, finite, amax bits of all elements), 7 scales (5 arguments), 12 max, 13 minSubnormal / 2,
 * 14 codes (address 0 if none), 17 rounding, 18 special, 19 seed tensor, 20 stream, 21 strips and marks.
 */
export function laneStatistics(task: i32): void {
  const chunk = chunkElements(int(4));
  const first = task * chunk;
  const last = min(int(3), first + chunk);
  const room = scratch();
  const codes = address(14) != 0;
  const seed = codes ? seedOf(17) : 0;
  most = 0;
  largest = 0;
  clipped = 0;
  underflowed = 0;
  finite = 0;
  for (let i = first, n = 0; i < last; i += n) {
    n = min(PIECE, last - i);
    const alike = uniformLength(7, i);
    if (alike >= LEAST) n = <i32>min<u32>(n, alike);
    if (alike >= <u32>n) uniformPiece(i, n, codes, seed, room);
    else {
      if (codes) castScaled(0, 14, 7, 17, seed, i, n, room);
      carefulPiece(i, n, room);
    }
  }
  const totals = address(6) + <usize>task * 20;
  store<i32>(totals, most);
  store<i32>(totals, clipped, 4);
  store<i32>(totals, underflowed, 8);
  store<i32>(totals, finite, 12);
  store<i32>(totals, largest, 16);
  addChunk(POWERS, task, finite == last - first ? PLAIN : STRANGE, 21);
}

/** Elements under one scale. */
function uniformPiece(index: i32, n: i32, codes: bool, seed: u32, room: usize): void {
  const scale = scaleAt(7, index);
  let seen: i32 = -1;
  let zeros: i32 = -1; // among the codes, where they tell what underflowed
  if (codes) {
    seen = castUniform(0, 14, 17, seed, index, n, scale, room);
    if (seen >= 0 && int(17) == NEAREST && roundsToZero()) zeros = zeroCodes(element(14, index), n, load<i32>(address(16), 12));
  }
  if (zeros < 0) seen = scan(read(0, index, n, room), n, scale > 0 ? underflowBits(float(13), scale) : 0);
  // a number near the end of float32 would make its scaled magnitude infinite: leave it to the careful form
  if (seen >= INFINITY_BITS || !(scale > 0)) {
    carefulPiece(index, n, room);
    return;
  }
  most = max(most, seen);
  largest = max(largest, seen);
  finite += n;
  if (reinterpret<f32>(seen) * scale > float(12)) clipped += countClipped(read(0, index, n, room), n, scale);
  if (zeros < 0) underflowed += small;
  else if (zeros > 0) underflowed += zeros - countZeros(read(0, index, n, room), n);
}

/** Whether what underflows is what the codes' format rounds to zero. */
function roundsToZero(): bool {
  const format = address(16);
  return load<i32>(format, 4) - ((load<i32>(format) + 1) << 23) == int(13);
}

/** How many of `n` codes of one byte are zero, of either sign. */
function zeroCodes(codes: usize, n: i32, sign: i32): i32 {
  const magnitude = i8x16.splat(<i8>~sign);
  let least = i8x16.splat(-1);
  let i = 0;
  for (; i + 64 <= n; i += 64) {
    const at = codes + <usize>i;
    const ab = i8x16.min_u(v128.and(v128.load(at), magnitude), v128.and(v128.load(at, 16), magnitude));
    const cd = i8x16.min_u(v128.and(v128.load(at, 32), magnitude), v128.and(v128.load(at, 48), magnitude));
    least = i8x16.min_u(least, i8x16.min_u(ab, cd));
  }
  // few are, as a rule: then there is nothing to count
  if (i8x16.all_true(least)) return zeroCodesOf(codes + <usize>i, n - i, magnitude, ~sign);
  return zeroCodesOf(codes, n, magnitude, ~sign);
}

function zeroCodesOf(codes: usize, n: i32, magnitude: v128, mask: i32): i32 {
  let count = 0;
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const zero = i8x16.eq(v128.and(v128.load(codes + <usize>i), magnitude), i8x16.splat(0));
    count += popcnt<i32>(i8x16.bitmask(zero));
  }
  for (; i < n; i++) count += i32((<i32>load<u8>(codes + <usize>i) & mask) == 0);
  return count;
}

/**
 * Bits of the largest magnitude of `n` floats, above infinity's if there is a NaN; and, in `small`, how many are not
 * zero and have magnitudes of at most `limit`, as bits.
 */
function scan(x: usize, n: i32, limit: i32): i32 {
  // less one, as an unsigned number in the order of signed ones, zero comes last
  const order = i32x4.splat(0x7fffffff);
  const most = i32x4.splat(limit + 0x7fffffff + 1);
  let top = i32x4.splat(0);
  let count = i32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const at = x + ((<usize>i) << 2);
    const a = abs(v128.load(at));
    const b = abs(v128.load(at, 16));
    const c = abs(v128.load(at, 32));
    const d = abs(v128.load(at, 48));
    top = i32x4.max_s(top, i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d)));
    const ab = i32x4.add(i32x4.gt_s(most, i32x4.add(a, order)), i32x4.gt_s(most, i32x4.add(b, order)));
    const cd = i32x4.add(i32x4.gt_s(most, i32x4.add(c, order)), i32x4.gt_s(most, i32x4.add(d, order)));
    count = i32x4.sub(count, i32x4.add(ab, cd));
  }
  for (; i < n; i += 4) {
    const a = abs(loadPart(x + ((<usize>i) << 2), n - i, vec(0)));
    top = i32x4.max_s(top, a);
    count = i32x4.sub(count, i32x4.gt_s(most, i32x4.add(a, order)));
  }
  small = sumLanesInt(count);
  return maxLanesInt(top);
}

function countClipped(x: usize, n: i32, scale: f32): i32 {
  const s = vec(scale);
  let count = i32x4.splat(0);
  const end = x + ((<usize>n & ~3) << 2);
  for (; x < end; x += 16) count = i32x4.sub(count, isClipped(v128.load(x), s));
  if (n & 3) count = i32x4.sub(count, isClipped(loadPart(x, n & 3, vec(0)), s));
  return sumLanesInt(count);
}

// @ts-ignore: decorator
@inline
function isClipped(x: v128, scale: v128): v128 {
  return i32x4.gt_s(abs(f32x4.mul(x, scale)), i32x4.splat(int(12)));
}

function countZeros(x: usize, n: i32): i32 {
  let count = i32x4.splat(0);
  const end = x + ((<usize>n & ~3) << 2);
  for (; x < end; x += 16) count = i32x4.sub(count, f32x4.eq(v128.load(x), vec(0)));
  if (n & 3) count = i32x4.sub(count, f32x4.eq(loadPart(x, n & 3, vec(1)), vec(0)));
  return sumLanesInt(count);
}

/** Bits of the largest magnitude of which the product with `scale` is at most `half`: of what underflows. */
function underflowBits(half: f32, scale: f32): i32 {
  let bits = reinterpret<i32>(half / scale);
  if (bits >= INFINITY_BITS) return INFINITY_BITS - 1;
  while (bits > 0 && reinterpret<f32>(bits) * scale > half) bits--;
  while (bits < INFINITY_BITS - 1 && reinterpret<f32>(bits + 1) * scale <= half) bits++;
  return bits;
}

/** Any numbers under any scales. */
function carefulPiece(index: i32, n: i32, room: usize): void {
  const x = read(0, index, n, room);
  const scaled = room + PIECE_ROOM;
  scaleInto(7, MULTIPLY, x, scaled, index, n);
  const limit = i32x4.splat(int(12));
  const half = i32x4.splat(int(13));
  let top = i32x4.splat(0);
  let topOfAll = top;
  let good = top;
  let over = top;
  let under = top;
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n - j));
    const bits = v128.and(abs(v128.load(x + k)), inside);
    const known = i32x4.lt_s(bits, i32x4.splat(INFINITY_BITS));
    const a = v128.and(bits, known);
    const s = v128.and(abs(v128.load(scaled + k)), v128.and(known, inside));
    top = i32x4.max_s(top, a);
    topOfAll = i32x4.max_s(topOfAll, bits);
    good = i32x4.sub(good, v128.and(known, inside));
    over = i32x4.sub(over, i32x4.gt_s(s, limit));
    under = i32x4.sub(under, v128.and(i32x4.gt_s(a, i32x4.splat(0)), i32x4.le_s(s, half)));
  }
  most = max(most, maxLanesInt(top));
  largest = max(largest, maxLanesInt(topOfAll));
  finite += sumLanesInt(good);
  clipped += sumLanesInt(over);
  underflowed += sumLanesInt(under);
}

/** castStatistics, the rest: 0 sums, 1 lanes, 2 out, 5 elements, 6 counts, 7 tasks, 8 amax or none. */
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
  const array = sumsStride(lanes);
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
