/** @file Powers of two next to a number, by comparisons: exact where `log2` need not be, and the same on every device. */

/**
 * Largest power of two that is not above `x`, for x from 2^-126 to the largest float32.
 * A helper for kernels: closes over nothing; plain code calls it too.
 */
export function powerOfTwoBelow(x: number): number {
  let m = x;
  let p = 1;
  if (m < 1) {
    m = m * 8.507059173023462e37; // 2^126
    p = 1.1754943508222875e-38; // 2^-126
  }
  if (m >= 18446744073709552000) {
    m = m * 5.421010862427522e-20; // 2^-64
    p = p * 18446744073709552000;
  }
  if (m >= 4294967296) {
    m = m * 2.3283064365386963e-10; // 2^-32
    p = p * 4294967296;
  }
  if (m >= 65536) {
    m = m * 0.0000152587890625;
    p = p * 65536;
  }
  if (m >= 256) {
    m = m * 0.00390625;
    p = p * 256;
  }
  if (m >= 16) {
    m = m * 0.0625;
    p = p * 16;
  }
  if (m >= 4) {
    m = m * 0.25;
    p = p * 4;
  }
  if (m >= 2) {
    p = p * 2;
  }
  return p;
}

/** 2^-126, the smallest normal float32. */
export const SMALLEST_NORMAL = 2 ** -126;
/** The largest finite float32. */
export const LARGEST = (2 - 2 ** -23) * 2 ** 127;
/** 2^127, the largest power of two in float32. */
export const LARGEST_POWER = 2 ** 127;
