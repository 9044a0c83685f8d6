/** @file BF16 is the upper half of a float32: eight at a time into two vectors. */

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
