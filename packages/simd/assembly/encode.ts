/**
 * @file Casts from float32 to every format of sixteen bits and fewer, four elements at a time.
 *
 * A format's description, 32-bit words: 0 mantissa bits, 1 bits of minNormal as float32, 2 code of the largest value,
 * 3 sign bit, 4 sign bit of zero, 5 code of NaN, then the codes of what overflows: 6, 7 positive and negative under
 * `saturate`, 8, 9 under `special`; 10 is 1 for E8M0, which has neither sign nor zero, and 2 for BF16, which is the
 * upper half of a float32; 11 the bits of the largest value as float32. The table of values follows.
 *
 * With the exponent E = max(exponent of |x|, that of minNormal) and u = |x| · 2^(mantissaBits − E), exact, the code is
 * u rounded to an integer plus (E − E(minNormal)) << mantissaBits: subnormals need no case of their own.
 * (BF16 has no room for that power of two, and needs none: its codes are 16 bits of x, plus a carry.)
 */
import { BYTE_KIND, NEAREST, STOCHASTIC, TOWARD_ZERO } from '../src/numbers';
import { random4 } from './random';
import { vec } from './vector';

// @ts-ignore: decorator
@inline
function word(format: usize, i: i32): i32 {
  return load<i32>(format + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
function units(mantissa: i32, minNormal: v128, rounding: i32, finite: v128, random: v128): v128 {
  const exponent = i32x4.max_s(v128.and(finite, i32x4.splat(0x7f800000)), minNormal);
  const unit = i32x4.sub(i32x4.splat((254 << 23) + (mantissa << 23)), exponent);
  const u = f32x4.mul(finite, unit);
  let q: v128;
  if (rounding == NEAREST) q = i32x4.trunc_sat_f32x4_s(f32x4.nearest(u));
  else {
    q = i32x4.trunc_sat_f32x4_s(u);
    if (rounding == STOCHASTIC) {
      const fraction = f32x4.sub(u, f32x4.convert_i32x4_s(q));
      const threshold = f32x4.mul(f32x4.convert_i32x4_s(random), vec(<f32>5.9604644775390625e-8));
      q = i32x4.sub(q, f32x4.gt(fraction, threshold));
    }
  }
  return i32x4.add(q, i32x4.shr_u(i32x4.sub(exponent, minNormal), 23 - mantissa));
}

// @ts-ignore: decorator
@inline
function upperHalf(rounding: i32, finite: v128, random: v128): v128 {
  let x = finite;
  if (rounding == NEAREST) {
    x = i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), v128.and(i32x4.shr_u(x, 16), i32x4.splat(1)));
  }
  const code = i32x4.shr_u(x, 16);
  if (rounding != STOCHASTIC) return code;
  const rest = i32x4.shl(v128.and(finite, i32x4.splat(0xffff)), 8);
  return i32x4.sub(code, i32x4.gt_s(rest, random));
}

/** Codes of four floats. `random`: integers below 2^24. */
// @ts-ignore: decorator
@inline
function encode4(format: usize, rounding: i32, special: i32, x: v128, random: v128): v128 {
  const mantissa = word(format, 0);
  const minNormal = i32x4.splat(word(format, 1));
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const finite = i32x4.min_s(magnitude, i32x4.splat(0x7f7fffff));
  let code: v128;
  if (word(format, 10) == 2) code = upperHalf(rounding, finite, random);
  else code = units(mantissa, minNormal, rounding, finite, random);
  const largest = i32x4.splat(word(format, 2));
  if (rounding == STOCHASTIC && special) {
    // beyond the largest value only where nearest-even goes there
    let nearest: v128;
    if (word(format, 10) == 2) nearest = upperHalf(NEAREST, finite, random);
    else nearest = units(mantissa, minNormal, NEAREST, finite, random);
    code = v128.bitselect(i32x4.min_s(code, largest), code, i32x4.le_s(nearest, largest));
  }
  const negative = i32x4.shr_s(x, 31);
  let over = i32x4.gt_s(code, largest);
  if (rounding == TOWARD_ZERO) {
    code = i32x4.min_s(code, largest);
    over = i32x4.eq(magnitude, i32x4.splat(0x7f800000));
  } else over = v128.or(over, i32x4.eq(magnitude, i32x4.splat(0x7f800000)));
  const sign = v128.bitselect(
    i32x4.splat(word(format, 4)),
    i32x4.splat(word(format, 3)),
    i32x4.eq(code, i32x4.splat(0)),
  );
  code = v128.or(code, v128.and(sign, negative));
  const at = special ? 8 : 6;
  const beyond = v128.bitselect(
    i32x4.splat(word(format, at + 1)),
    i32x4.splat(word(format, at)),
    negative,
  );
  code = v128.bitselect(beyond, code, over);
  return v128.bitselect(
    i32x4.splat(word(format, 5)),
    code,
    i32x4.gt_s(magnitude, i32x4.splat(0x7f800000)),
  );
}

/** E8M0: one power of two at a time. */
function encodeE8M0(rounding: i32, special: i32, from: usize, n: i32, to: usize, seed: u32, index: u32): void {
  for (let i = 0; i < n; i++) {
    const bits = load<u32>(from + ((<usize>i) << 2));
    const magnitude = bits & 0x7fffffff;
    let code: u32 = 255;
    if (magnitude > 0x7f800000 || (bits != magnitude && magnitude != 0)) code = 255;
    else if (magnitude == 0x7f800000) code = special ? 255 : 254;
    else {
      let rest: u32; // the fraction, of 2^32
      if (magnitude < 0x400000) {
        code = 0;
        rest = 0;
      } else if (magnitude < 0x800000) {
        code = 0;
        rest = (magnitude - 0x400000) << 10;
      } else {
        code = magnitude >> 23;
        rest = (magnitude & 0x7fffff) << 9;
      }
      if (rounding == NEAREST) code += rest >> 31;
      else if (rounding == STOCHASTIC) {
        const random = (<u32>i32x4.extract_lane(random4(seed, index + i), 0)) << 8;
        if (rest > random && (code < 254 || rest >> 31)) code++;
      }
      if (code > 254) code = special ? 255 : 254;
    }
    store<u8>(to + <usize>i, <u8>code);
  }
}

/**
 * Codes of `n` floats at `from`, stored at `to`. Stochastic rounding draws `counterRandom(seed, index + i)`.
 * Reads up to 60 bytes beyond its input.
 */
export function encode(
  kind: i32,
  format: usize,
  rounding: i32,
  special: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
): void {
  if (word(format, 10) == 1) encodeE8M0(rounding, special, from, n, to, seed, index);
  else if (kind == BYTE_KIND) encodeBytes(format, rounding, special, from, n, to, seed, index);
  else encodeHalves(format, rounding, special, from, n, to, seed, index);
}

// @ts-ignore: decorator
@inline
function encodeAt(format: usize, rounding: i32, special: i32, from: usize, seed: u32, index: u32): v128 {
  const random = rounding == STOCHASTIC ? random4(seed, index) : i32x4.splat(0);
  return encode4(format, rounding, special, v128.load(from), random);
}

function encodeHalves(
  format: usize,
  rounding: i32,
  special: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
): void {
  for (let i = 0; i < n; i += 4) {
    const code = encodeAt(format, rounding, special, from + ((<usize>i) << 2), seed, index + i);
    const packed = i16x8.narrow_i32x4_u(code, code);
    const at = to + ((<usize>i) << 1);
    if (i + 4 <= n) v128.store64_lane(at, packed, 0);
    else {
      store<u16>(at, <u16>i32x4.extract_lane(code, 0));
      if (i + 1 < n) store<u16>(at, <u16>i32x4.extract_lane(code, 1), 2);
      if (i + 2 < n) store<u16>(at, <u16>i32x4.extract_lane(code, 2), 4);
    }
  }
}

function encodeBytes(
  format: usize,
  rounding: i32,
  special: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
): void {
  for (let i = 0; i < n; i += 4) {
    const code = encodeAt(format, rounding, special, from + ((<usize>i) << 2), seed, index + i);
    const half = i16x8.narrow_i32x4_u(code, code);
    const packed = i8x16.narrow_i16x8_u(half, half);
    if (i + 4 <= n) v128.store32_lane(to + <usize>i, packed, 0);
    else {
      store<u8>(to + <usize>i, <u8>i32x4.extract_lane(code, 0));
      if (i + 1 < n) store<u8>(to + <usize>i, <u8>i32x4.extract_lane(code, 1), 1);
      if (i + 2 < n) store<u8>(to + <usize>i, <u8>i32x4.extract_lane(code, 2), 2);
    }
  }
}
