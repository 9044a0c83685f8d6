/** @file A counter-based generator: the same (seed, index) gives the same bits on every device and thread count. */

/**
 * 24 pseudo-random bits for a position in a stream, in the high bits of an unsigned 32-bit integer (the low 8 are
 * zero, so that the number is exact in float32 too, which is all that a GPU kernel has):
 * two rounds of the `lowbias32` integer finaliser (C. Wellons, "Prospecting for Hash Functions", 2018) over index
 * and seed, `mix(mix(index ^ 0x9e3779b9) ^ seed) & 0xffffff00`.
 * `seed` and `index` are taken modulo 2^32.
 */
export function counterRandom(seed: number, index: number): number {
  return (mix(mix(index ^ 0x9e3779b9) ^ seed) & 0xffffff00) >>> 0;
}

/**
 * The seed of one stream among many, all 32 bits of it: `mix(mix(mix(low) ^ high) ^ stream)`.
 * `high` and `low` change with every step, `stream` names the call site; integers, taken modulo 2^32.
 */
export function streamSeed(high: number, low: number, stream: number): number {
  return mix(mix(mix(low) ^ high) ^ stream);
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
