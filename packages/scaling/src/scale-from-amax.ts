/** @file From a maximum to a scale. */

const SMALLEST_NORMAL = 2 ** -126;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Times a format's largest value, what a scaled element must exceed to be clipped: amax · (max / amax) may exceed it by its rounding. */
export const CLIPS_ABOVE = 1 + 2 ** -22;

/**
 * The scale that takes `amax` to the largest value of a format:
 * s = max / (amax · 2^margin), computed in float32 and clamped to its normal numbers; with `powerOfTwo` 2^⌊log2 s⌋, by
 * the exponent, so that amax · s never exceeds max (the paper's rule, arXiv 2409.12517).
 * 1 where amax is 0, negative or not a finite float32. Equals the `scaleFromAmax` operator of @octavo/kernels bit for bit.
 */
export function scaleFromAmax(amax: number, max: number, margin = 0, powerOfTwo = false): number {
  const a = Math.fround(amax);
  if (!(a > 0 && a <= LARGEST)) return 1;
  const quotient = Math.fround(Math.fround(max) / Math.fround(a * Math.fround(2 ** margin)));
  const scale = Math.min(LARGEST, Math.max(SMALLEST_NORMAL, quotient));
  return powerOfTwo ? powerOfTwoBelow(scale) : scale;
}

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** The largest power of two that is not above a normal float32: its mantissa cleared. */
function powerOfTwoBelow(x: number): number {
  value[0] = x;
  bits[0]! &= 0x7f800000;
  return value[0];
}
