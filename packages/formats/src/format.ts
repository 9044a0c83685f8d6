/** @file A number format is data: every codec takes one as its first argument. */

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
