/** @file The order of an epoch, without a list of it. */
import { streamSeed } from '@octavo/formats';

const ROUNDS = 8;

/**
 * Where `index` of 0 … size − 1 goes under the permutation of that range with this key: a Feistel network of 8 rounds
 * (M. Luby, C. Rackoff, 1988) over the next power of four, walked until it lands inside the range (J. Black,
 * P. Rogaway, "Ciphers with arbitrary finite domains", 2002), its round function the 32-bit mix of `streamSeed`.
 * `size` up to 2⁵², `high` and `low` integers taken modulo 2³².
 */
export function permute(index: number, size: number, high: number, low: number): number {
  let half = 1;
  while (4 ** half < size) half++;
  const side = 2 ** half;
  let at = index;
  do {
    let left = Math.floor(at / side);
    let right = at % side;
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = streamSeed(high, streamSeed(low, round, 0), right) % side;
      [left, right] = [right, (left ^ mixed) >>> 0];
    }
    at = left * side + right;
  } while (at >= size);
  return at;
}
