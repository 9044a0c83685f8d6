/** @file Kernel helpers in a module of their own, as operators import them. */

export const twice = 2; // kernels must not see this

export function square(x: number): number {
  return x * x;
}

/** `Math.imul(x, 0x21f0aaad)` in products below 2^53, which JavaScript's doubles hold exactly. */
export function multiply1(x: number): number {
  return ((x & 65535) * 43693 + ((((x >>> 16) * 43693 + (x & 65535) * 8688) & 65535) << 16)) | 0;
}

/** `Math.imul(x, 0x735a2d97)`, likewise. */
export function multiply2(x: number): number {
  return ((x & 65535) * 11671 + ((((x >>> 16) * 11671 + (x & 65535) * 29530) & 65535) << 16)) | 0;
}

export function fold16(x: number): number {
  return x ^ (x >>> 16);
}

export function fold15(x: number): number {
  return x ^ (x >>> 15);
}

export function mix(x: number): number {
  return fold15(multiply2(fold15(multiply1(fold16(x)))));
}
