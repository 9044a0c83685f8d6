/**
 * @file The common cast: round to nearest even, saturate, to bytes; sixteen codes at a time, from float32 or BF16.
 *
 * Per four numbers y = |x| · scale: t is 2^shift times the power of two at or below y (at least minNormal), so
 * y + t is y rounded to the format's step, counted in the low bits: bits(y + t) = bits(t) + q. The code is
 * q + 2^mantissa · exponent(t) less a constant; both halves of the word are brought to it by one multiplication of
 * 16-bit numbers, low · 2^(7 − mantissa) + high, which is the code times 2^(7 − mantissa).
 */
import { BF16_KIND } from '../src/numbers';
import { bf16High, bf16Low } from './bf16';
import { maxLanesInt, maxLanesShort, vec } from './vector';

/** From here on |x · scale| is too large for the casts below: 2^100. */
const HUGE: f32 = 1.2676506002282294e30;

/** Whether the casts below were right, given the bits of the largest |x|: no NaN, nothing huge, a scale above 0. */
export function wasRight(top: i32, scale: f32): bool {
  return top <= 0x7f800000 && scale > 0 && reinterpret<f32>(top) * scale < HUGE;
}

/**
 * Codes of `n` numbers of `kind` (FP32 or BF16) at `from`, times `scale`. Returns the bits of the largest |x| as
 * float32; unless `wasRight` the codes are to be computed again by `encode`. `n`: a multiple of 16.
 */
export function encodeNearest(format: usize, scale: f32, kind: i32, from: usize, n: i32, to: usize): i32 {
  const mantissa = load<i32>(format);
  const minNormal = load<i32>(format, 4);
  const largest = load<i32>(format, 8);
  const sign = load<i32>(format, 12);
  const signedZero = load<i32>(format, 16) != 0;
  const halves = kind == BF16_KIND;
  // two formats by constants, which the loop then need not make again and again
  if (mantissa == 3 && minNormal == E4M3_MIN && largest == 0x7e && sign == 128 && signedZero) {
    if (halves) return nearest<u8>(scale, true, from, n, to, 3, E4M3_MIN, 0x7e, 128, true, true);
    return nearest<u8>(scale, false, from, n, to, 3, E4M3_MIN, 0x7e, 128, true, true);
  }
  if (mantissa == 2 && minNormal == E5M2_MIN && largest == 0x7b && sign == 128 && signedZero) {
    if (halves) return nearest<u16>(scale, true, from, n, to, 2, E5M2_MIN, 0x7b, 128, true, true);
    return nearest<u16>(scale, false, from, n, to, 2, E5M2_MIN, 0x7b, 128, true, true);
  }
  if (halves) return nearest<u32>(scale, true, from, n, to, mantissa, minNormal, largest, sign, signedZero, false);
  return nearest<u32>(scale, false, from, n, to, mantissa, minNormal, largest, sign, signedZero, false);
}

/** Smallest normal numbers of E4M3FN and E5M2: the bits of 2^-6 and 2^-14. */
const E4M3_MIN: i32 = 0x3c800000;
const E5M2_MIN: i32 = 0x38800000;

// @ts-ignore: decorator
@inline
function nearest<T>(
  scale: f32,
  halves: bool,
  from: usize,
  n: i32,
  to: usize,
  mantissa: i32,
  minNormalBits: i32,
  largestCode: i32,
  signBit: i32,
  signedZero: bool,
  byte: bool,
): i32 {
  const minNormal = i32x4.splat(minNormalBits);
  const offset = i32x4.splat((23 - mantissa) << 23);
  const weights = i32x4.splat((1 << 16) | (1 << (7 - mantissa)));
  const bias = i16x8.splat(<i16>(((minNormalBits >> 23) + (23 - mantissa)) << 7));
  const largest = i8x16.splat(<i8>largestCode);
  const sign = i8x16.splat(<i8>signBit);
  const s = vec(scale);
  const magnitude = halves ? i16x8.splat(0x7fff) : i32x4.splat(0x7fffffff);
  let top = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>n; i += 16) {
    let low: v128;
    let high: v128;
    let negative: v128;
    if (halves) {
      const at = from + (i << 1);
      const x0 = v128.load(at);
      const x1 = v128.load(at, 16);
      negative = i8x16.narrow_i16x8_s(x0, x1);
      const a0 = v128.and(x0, magnitude);
      low = pair<T>(f32x4.mul(bf16Low(a0), s), f32x4.mul(bf16High(a0), s), minNormal, offset, weights, bias, mantissa);
      const a1 = v128.and(x1, magnitude);
      top = i16x8.max_s(top, i16x8.max_s(a0, a1));
      high = pair<T>(f32x4.mul(bf16Low(a1), s), f32x4.mul(bf16High(a1), s), minNormal, offset, weights, bias, mantissa);
    } else {
      const at = from + (i << 2);
      const x0 = v128.load(at);
      const x1 = v128.load(at, 16);
      const signs = i16x8.narrow_i32x4_s(x0, x1);
      const a0 = v128.and(x0, magnitude);
      const a1 = v128.and(x1, magnitude);
      top = i32x4.max_s(top, i32x4.max_s(a0, a1));
      low = pair<T>(f32x4.mul(a0, s), f32x4.mul(a1, s), minNormal, offset, weights, bias, mantissa);
      const x2 = v128.load(at, 32);
      const x3 = v128.load(at, 48);
      // narrowing saturates and keeps what is negative so: as an integer that is every x with its sign bit set
      negative = i8x16.narrow_i16x8_s(signs, i16x8.narrow_i32x4_s(x2, x3));
      const a2 = v128.and(x2, magnitude);
      const a3 = v128.and(x3, magnitude);
      top = i32x4.max_s(top, i32x4.max_s(a2, a3));
      high = pair<T>(f32x4.mul(a2, s), f32x4.mul(a3, s), minNormal, offset, weights, bias, mantissa);
    }
    const codes = i8x16.min_u(i8x16.narrow_i16x8_u(low, high), largest);
    // eight-bit formats with −0: the sign is the byte's own; others need a mask
    let signed: v128;
    if (byte) signed = v128.and(negative, sign);
    else {
      const some = signedZero ? i8x16.splat(-1) : i8x16.gt_s(codes, i8x16.splat(0));
      signed = v128.and(v128.and(i8x16.lt_s(negative, i8x16.splat(0)), some), sign);
    }
    v128.store(to + i, v128.or(codes, signed));
  }
  return halves ? maxLanesShort(top) << 16 : maxLanesInt(top);
}

/** Codes of eight magnitudes, in words of sixteen bits. */
// @ts-ignore: decorator
@inline
function pair<T>(
  y0: v128,
  y1: v128,
  minNormal: v128,
  offset: v128,
  weights: v128,
  bias: v128,
  mantissa: i32,
): v128 {
  const both = i16x8.narrow_i32x4_s(rounded(y0, minNormal, offset, weights), rounded(y1, minNormal, offset, weights));
  const codes = i16x8.sub(both, bias);
  if (sizeof<T>() == 1) return i16x8.shr_u(codes, 4);
  if (sizeof<T>() == 2) return i16x8.shr_u(codes, 5);
  return i16x8.shr_u(codes, 7 - mantissa);
}

// @ts-ignore: decorator
@inline
function rounded(y: v128, minNormal: v128, offset: v128, weights: v128): v128 {
  const t = i32x4.add(i32x4.max_s(v128.and(y, i32x4.splat(0x7f800000)), minNormal), offset);
  return i32x4.dot_i16x8_s(f32x4.add(y, t), weights);
}
