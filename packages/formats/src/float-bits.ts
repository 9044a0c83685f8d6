/** @file Exponents and powers of two read from and written to the bits of a double: exact where `log2` and `**` need not be. */

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** ⌊log2 x⌋ of a positive double; -1023 for anything below 2^-1022. */
export function exponentOf(x: number): number {
  double[0] = x;
  return ((words[HIGH]! >>> 20) & 0x7ff) - 1023;
}

/** 2^exponent, exactly, for exponents from -1022 to 1023. */
export function powerOfTwo(exponent: number): number {
  words[1 - HIGH] = 0;
  words[HIGH] = (exponent + 1023) << 20;
  return double[0]!;
}

/** Exponent of a format's smallest normal value. (`minNormal` is a power of two by definition.) */
export const minExponent = (format: { readonly minNormal: number }): number => exponentOf(format.minNormal);
