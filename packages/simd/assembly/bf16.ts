/** @file BF16, the upper half of a float32: eight at a time from and to two vectors. */
import { vec } from './vector';

/** The first four of eight. */
// @ts-ignore: decorator
@inline
export function bf16Low(x: v128): v128 {
  return i8x16.shuffle(i32x4.splat(0), x, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

/** The other four. */
// @ts-ignore: decorator
@inline
export function bf16High(x: v128): v128 {
  return i8x16.shuffle(i32x4.splat(0), x, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

/** `n` values as floats. */
export function decodeBf16(from: usize, n: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const x = v128.load(from + ((<usize>i) << 1));
    const at = to + ((<usize>i) << 2);
    v128.store(at, bf16Low(x));
    v128.store(at, bf16High(x), 16);
  }
  for (; i < n; i++) store<u32>(to + ((<usize>i) << 2), (<u32>load<u16>(from + ((<usize>i) << 1))) << 16);
}

// @ts-ignore: decorator
@inline
function roundBf16(x: v128): v128 {
  return v128.bitselect(i32x4.splat(0x7fc0), carried(x), f32x4.ne(x, x));
}

/** Four floats' codes before the shift. */
// @ts-ignore: decorator
@inline
function carried(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd), 16);
}

/** To nearest even; beyond the largest value to infinity; NaN to the quiet one. */
export function encodeBf16(from: usize, n: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = from + ((<usize>i) << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    let packed = i16x8.narrow_i32x4_u(carried(a), carried(b));
    if (v128.any_true(v128.or(f32x4.ne(a, a), f32x4.ne(b, b)))) {
      packed = i16x8.narrow_i32x4_u(roundBf16(a), roundBf16(b));
    }
    v128.store(to + ((<usize>i) << 1), packed);
  }
  for (; i < n; i++) encodeOne(v128.load32_zero(from + ((<usize>i) << 2)), to + ((<usize>i) << 1));
}

/** The same of `n` floats times a factor, none of the products NaN. */
export function encodeBf16Times(from: usize, factor: f32, n: i32, to: usize): void {
  const f = vec(factor);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = from + ((<usize>i) << 2);
    const a = carried(f32x4.mul(v128.load(at), f));
    const b = carried(f32x4.mul(v128.load(at, 16), f));
    v128.store(to + ((<usize>i) << 1), i16x8.narrow_i32x4_u(a, b));
  }
  for (; i < n; i++) encodeOne(f32x4.mul(v128.load32_zero(from + ((<usize>i) << 2)), f), to + ((<usize>i) << 1));
}

// @ts-ignore: decorator
@inline
function encodeOne(x: v128, to: usize): void {
  store<u16>(to, <u16>i32x4.extract_lane(roundBf16(x), 0));
}
