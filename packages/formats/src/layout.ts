/** @file The special codes of a format: where its layout keeps NaN, infinity and the largest value. */
import type { Format } from './format.ts';

/** The bit that holds the sign; 0 for an unsigned format. */
export const signBit = (format: Format): number => (format.signed ? 2 ** (format.bits - 1) : 0);

/** Every bit but the sign's, set. */
export const magnitudeMask = (format: Format): number => 2 ** (format.bits - (format.signed ? 1 : 0)) - 1;

/** The code with all exponent bits set and no mantissa bit: infinity in IEEE-like formats. */
export const topExponent = (format: Format): number =>
  (2 ** format.exponentBits - 1) * 2 ** format.mantissaBits;

/** The NaN that casts give: positive and quiet where there are several. −1 where there is none. */
export function nanCode(format: Format): number {
  if (format.nan === 'ieee') return topExponent(format) + 2 ** (format.mantissaBits - 1);
  if (format.nan === 'all-ones') return magnitudeMask(format);
  return format.nan === 'negative-zero' ? signBit(format) : -1;
}
