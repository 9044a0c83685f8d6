/** @file A counter-based generator: the same (seed, index) gives the same bits on every device and thread count. */

/**
 * 32 pseudo-random bits for a position in a stream: two rounds of the `lowbias32` integer finaliser
 * (C. Wellons, "Prospecting for Hash Functions", 2018) over index and seed.
 * `seed` and `index` are taken modulo 2^32; the result is an unsigned 32-bit integer.
 */
export function counterRandom(seed: number, index: number): number {
  return mix(mix(index ^ 0x9e3779b9) ^ seed);
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
