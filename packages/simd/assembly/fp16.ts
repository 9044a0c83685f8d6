/** @file FP16: from codes to floats and back. */
import { maxLanesInt, storePart, vec } from './vector';

/** The bits of FP16's smallest normal number and of its largest. */
const FP16_MIN: i32 = 0x38800000;
const FP16_MAX: i32 = 0x477fe000;

/** Four codes, one a lane: magnitude moved into place and times 2^112, which makes subnormals right too; 31 becomes 255. */
// @ts-ignore: decorator
@inline
function fp16(codes: v128): v128 {
  const magnitude = v128.and(codes, i32x4.splat(0x7fff));
  const shifted = i32x4.shl(magnitude, 13);
  const x = f32x4.mul(shifted, vec(<f32>5.192296858534828e33));
  const special = i32x4.gt_s(magnitude, i32x4.splat(0x7bff));
  const sign = i32x4.shl(v128.and(codes, i32x4.splat(0x8000)), 16);
  return v128.or(v128.or(x, v128.and(special, v128.or(shifted, i32x4.splat(0x7f800000)))), sign);
}

/** Bits of the value of one code. */
export function fp16Bits(code: i32): i32 {
  return i32x4.extract_lane(fp16(i32x4.splat(code)), 0);
}

export function decodeFp16(from: usize, n: i32, to: usize): void {
  const special = i16x8.splat(0x7bff);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const x = v128.load(from + ((<usize>i) << 1));
    const at = to + ((<usize>i) << 2);
    const low = i32x4.extend_low_i16x8_s(x);
    const high = i32x4.extend_high_i16x8_s(x);
    if (v128.any_true(i16x8.gt_s(v128.and(x, i16x8.splat(0x7fff)), special))) {
      v128.store(at, fp16(low));
      v128.store(at, fp16(high), 16);
    } else {
      v128.store(at, finiteFp16(low));
      v128.store(at, finiteFp16(high), 16);
    }
  }
  for (; i < n; i += 4) {
    storePart(to + ((<usize>i) << 2), fp16(v128.load16x4_u(from + ((<usize>i) << 1))), n - i);
  }
}

/** Four codes of finite numbers, extended with their signs, times 2^-112. */
// @ts-ignore: decorator
@inline
function shiftedFp16(codes: v128): v128 {
  return v128.and(i32x4.shl(codes, 13), i32x4.splat(<i32>0x8fffe000));
}

// @ts-ignore: decorator
@inline
function finiteFp16(codes: v128): v128 {
  return f32x4.mul(shiftedFp16(codes), vec(<f32>5.192296858534828e33));
}

/**
 * Values over a scale, or false where they are to be computed one after the other: unless all is finite, 2^112 can go
 * into the scale, and the quotients are the same. Reads and writes up to 16 bytes beyond the last code and value.
 */
export function decodeFp16Over(from: usize, scale: f32, n: i32, to: usize): bool {
  const s = scale * <f32>1.925929944387236e-34; // 2^-112
  if (!(s >= <f32>1.1754943508222875e-38)) return false;
  const divisor = vec(s);
  let top = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const code = v128.load16x4_s(from + ((<usize>i) << 1));
    top = i32x4.max_s(top, v128.and(code, i32x4.splat(0x7fff)));
    v128.store(to + ((<usize>i) << 2), f32x4.div(shiftedFp16(code), divisor));
  }
  return maxLanesInt(top) <= 0x7bff;
}

// @ts-ignore: decorator
@inline
function code4(a: v128, minNormal: v128, offset: v128, bias: v128, shift: i32): v128 {
  const exponent = i32x4.max_s(v128.and(a, i32x4.splat(0x7f800000)), minNormal);
  const r = f32x4.add(a, i32x4.add(exponent, offset));
  return i32x4.sub(i32x4.add(i32x4.sub(r, exponent), i32x4.shr_u(exponent, shift)), bias);
}

/** Round to nearest even and saturate, to FP16: `n` is a multiple of 8. */
export function encodeFp16Saturated(scale: f32, from: usize, n: i32, to: usize): v128 {
  const minNormal = i32x4.splat(FP16_MIN);
  const limit = i32x4.splat(FP16_MAX);
  const offset = i32x4.splat(13 << 23);
  const bias = i32x4.splat((13 << 23) + (FP16_MIN >> 13));
  const s = vec(scale);
  const sign = i16x8.splat(<i16>0x8000);
  const magnitude = i32x4.splat(0x7fffffff);
  let top = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    const at = from + ((<usize>i) << 2);
    const y0 = f32x4.mul(v128.load(at), s);
    const y1 = f32x4.mul(v128.load(at, 16), s);
    const a0 = v128.and(y0, magnitude);
    const a1 = v128.and(y1, magnitude);
    top = i32x4.max_s(top, i32x4.max_s(a0, a1));
    const c0 = code4(i32x4.min_s(a0, limit), minNormal, offset, bias, 13);
    const c1 = code4(i32x4.min_s(a1, limit), minNormal, offset, bias, 13);
    // narrowing saturates, and keeps what is negative as an integer so
    const signs = v128.and(i16x8.narrow_i32x4_s(y0, y1), sign);
    v128.store(to + ((<usize>i) << 1), v128.or(i16x8.narrow_i32x4_u(c0, c1), signs));
  }
  return top;
}
