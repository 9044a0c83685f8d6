/** @file Repeatable random numbers for tests (xorshift32). */

/** Gives whole numbers below the bound that it is called with. */
export function randomFrom(seed: number): (bound: number) => number {
  let state = (seed * 0x9e3779b1) | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * bound);
  };
}
