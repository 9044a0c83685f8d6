/**
 * @file `counterRandom` of @octavo/formats inside a kernel: products of 32-bit integers by halves, so that none
 * exceeds what every backend holds exactly.
 *
 * The helpers nest and never store an integer in a variable, which gpu.js would make a float.
 */

/** x · 0x21f0aaad modulo 2^32. */
export function multiply1(x: number): number {
  return ((x & 65535) * 43693 + ((((x >>> 16) * 43693 + (x & 65535) * 8688) & 65535) << 16)) | 0;
}

/** x · 0x735a2d97 modulo 2^32. */
export function multiply2(x: number): number {
  return ((x & 65535) * 11671 + ((((x >>> 16) * 11671 + (x & 65535) * 29530) & 65535) << 16)) | 0;
}

export function fold16(x: number): number {
  return x ^ (x >>> 16);
}

export function fold15(x: number): number {
  return x ^ (x >>> 15);
}

/** The integer finaliser of `counterRandom`. */
export function mixBits(x: number): number {
  return fold15(multiply2(fold15(multiply1(fold16(x)))));
}

/** `counterRandom(streamSeed(high, low, stream), index) / 256`: 24 bits. */
export function drawBits(index: number, high: number, low: number, stream: number): number {
  return mixBits(mixBits(index ^ -1640531527) ^ mixBits(mixBits(mixBits(low) ^ high) ^ stream)) >>> 8;
}

export const RANDOM_HELPERS = [multiply1, multiply2, fold16, fold15, mixBits, drawBits] as const;
