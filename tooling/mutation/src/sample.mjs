/** @file A draw without repetition that depends on its seed only. */

/**
 * `count` of the items, each as likely as any, in their order (Floyd's algorithm would do; a shuffle of indices is plainer).
 * @template T
 * @param {readonly T[]} items
 * @param {number} count
 * @param {number} seed
 * @returns {T[]}
 */
export function pick(items, count, seed) {
  const keyed = items.map((item, i) => ({ item, i, key: hash(seed * 0x10001 + i) }));
  const drawn = keyed.sort((a, b) => a.key - b.key).slice(0, count);
  return drawn.sort((a, b) => a.i - b.i).map(({ item }) => item);
}

/** The integer finaliser of MurmurHash3 (A. Appleby). @param {number} x */
function hash(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
