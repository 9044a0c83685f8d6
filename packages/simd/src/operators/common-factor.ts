/** @file Scales that differ by powers of two alone. */

/** Of the powers of two that are looked for: E4M3 and E5M2 stay far within BF16. */
export const MOST_EXPONENT = 60;

const number = new Float32Array(1);
const bits = new Int32Array(number.buffer);

/**
 * The number from 1 to 2 that all scales are, times powers of two from 2⁻⁶⁰ to 2⁶⁰: a value over its scale, times that,
 * has the value's own mantissa. Null where there is none.
 */
export function commonFactor(scales: Float32Array): number | null {
  const words = new Int32Array(scales.buffer, scales.byteOffset, scales.length);
  if (words.length === 0) return 1;
  const mantissa = words[0]! & 0x7fffff;
  for (const word of words) {
    // a negative number has an exponent above every other
    const exponent = (word >>> 23) - 127;
    if ((word & 0x7fffff) !== mantissa || Math.abs(exponent) > MOST_EXPONENT) return null;
  }
  bits[0] = 0x3f800000 | mantissa;
  return number[0]!;
}
