/** @file A number format is data: every codec takes one as its first argument; and where its layout keeps its special codes. */

/** Where a format keeps its NaN: IEEE all-ones exponents, one code of all ones, the code of −0, or nowhere. */
export type NanCode = 'ieee' | 'all-ones' | 'negative-zero' | 'none';

/** A binary number format of 4 to 32 bits: sign, exponent, mantissa, from the high bit down. */
export interface Format {
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Largest finite value. */
  readonly max: number;
  /** Smallest positive normal value. */
  readonly minNormal: number;
  /** Smallest positive value: `minNormal · 2^-mantissaBits`, or `minNormal` where there are no subnormals. */
  readonly minSubnormal: number;
  readonly hasInfinity: boolean;
  readonly hasSubnormals: boolean;
  readonly hasNegativeZero: boolean;
  readonly nan: NanCode;
  /** Where the definition stands. */
  readonly source: string;
}

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
