/**
 * @file Sums of some rows of B times one row of A, as B lies in memory.
 *
 * Four rows at a time are transposed in registers, four bytes of each to a lane, so that a vector holds the sums of four
 * rows and each runs over k in order: the same bits as in a larger product.
 *
 * A code of one byte becomes a float32 by shifts: sign, exponent and mantissa moved into place are its value times a power
 * of two that the format alone gives (2^-120 for E4M3FN), subnormal or not; A's row carries the inverse (row.ts).
 */
import { ROW_GROUP } from '../src/numbers';
import { highHalves, highPairs, lowHalves, lowPairs } from './shuffles';
import { madd, vec } from './vector';

/** T of `sums` for an element of B: f32, u16 for BF16, u8 for codes with 3 bits of mantissa, i8 for those with 2. */

/** Four rows' elements in the lanes' upper halves, times A's number. */
// @ts-ignore: decorator
@inline
function upper(x: usize, halves: v128, sum: v128): v128 {
  return madd(v128.load32_splat(x), v128.and(halves, i32x4.splat(<i32>0xffff0000)), sum);
}

/** The same of lower halves. */
// @ts-ignore: decorator
@inline
function lower(x: usize, halves: v128, sum: v128): v128 {
  return madd(v128.load32_splat(x), i32x4.shl(halves, 16), sum);
}

/** Codes in the upper bytes of eight halves, as BF16 but for the power of two. */
// @ts-ignore: decorator
@inline
function moved<T>(halves: v128): v128 {
  return isSigned<T>()
    ? v128.and(i16x8.shr_s(halves, 3), i16x8.splat(<i16>0x8fe0))
    : v128.and(i16x8.shr_s(halves, 4), i16x8.splat(<i16>0x87f0));
}

/** Four bytes of four rows, a row a lane: one, two or four steps of k onto the rows' sums. */
// @ts-ignore: decorator
@inline
function steps<T>(four: v128, x: usize, sum: v128): v128 {
  if (sizeof<T>() == 4) return madd(v128.load32_splat(x), four, sum);
  if (sizeof<T>() == 2) return upper(x + 4, four, lower(x, four, sum));
  const even = moved<T>(i16x8.shl(four, 8));
  const odd = moved<T>(four);
  sum = lower(x + 4, odd, lower(x, even, sum));
  return upper(x + 12, odd, upper(x + 8, even, sum));
}

/** Sixteen bytes of four rows onto their sums. */
// @ts-ignore: decorator
@inline
function four<T>(row: usize, stride: usize, x: usize, sum: v128): v128 {
  const a = v128.load(row);
  const b = v128.load(row + stride);
  const c = v128.load(row + 2 * stride);
  const d = v128.load(row + 3 * stride);
  const each: usize = 16 / sizeof<T>(); // bytes of x for four bytes of a row
  let ab = lowPairs(a, b);
  let cd = lowPairs(c, d);
  sum = steps<T>(lowHalves(ab, cd), x, sum);
  sum = steps<T>(highHalves(ab, cd), x + each, sum);
  ab = highPairs(a, b);
  cd = highPairs(c, d);
  sum = steps<T>(lowHalves(ab, cd), x + 2 * each, sum);
  return steps<T>(highHalves(ab, cd), x + 3 * each, sum);
}

/** ROW_GROUP sums over `n` steps of k, a multiple of sixteen bytes; rows lie `stride` bytes apart. */
export function sums<T>(rows: usize, stride: usize, x: usize, n: i32, to: usize): void {
  const next = 4 * stride;
  let s0 = vec(0);
  let s1 = vec(0);
  let s2 = vec(0);
  let s3 = vec(0);
  let s4 = vec(0);
  let s5 = vec(0);
  let s6 = vec(0);
  let s7 = vec(0);
  const step: usize = 64 / sizeof<T>(); // in bytes of x: as many elements as a vector has
  for (const end = x + ((<usize>n) << 2); x < end; x += step) {
    s0 = four<T>(rows, stride, x, s0);
    s1 = four<T>(rows + next, stride, x, s1);
    s2 = four<T>(rows + 2 * next, stride, x, s2);
    s3 = four<T>(rows + 3 * next, stride, x, s3);
    if (ROW_GROUP == 32) {
      s4 = four<T>(rows + 4 * next, stride, x, s4);
      s5 = four<T>(rows + 5 * next, stride, x, s5);
      s6 = four<T>(rows + 6 * next, stride, x, s6);
      s7 = four<T>(rows + 7 * next, stride, x, s7);
    }
    rows += 16;
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
  if (ROW_GROUP == 32) {
    v128.store(to, s4, 64);
    v128.store(to, s5, 80);
    v128.store(to, s6, 96);
    v128.store(to, s7, 112);
  }
}
