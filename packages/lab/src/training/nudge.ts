/** @file Weights moved by as much as one rounding to BF16 moves them: what such a run shows, rounding alone does. */
import { randomNormals, streams } from '../engine/random.ts';

/** The largest relative error of rounding to BF16. */
const BF16_ROUNDING = 2 ** -9;

/** Each value times 1 + 2⁻⁹ · a standard normal number. */
export function nudge(values: Float32Array, seed: number): Float32Array {
  const normals = randomNormals(seed, streams.nudge, values.length);
  return values.map((v, j) => v * (1 + BF16_ROUNDING * normals[j]!));
}

/** Every tensor by a stream of its own. */
export const nudgeAll = (
  weights: ReadonlyMap<string, Float32Array>,
  seed: number,
): Map<string, Float32Array> =>
  new Map([...weights].map(([name, values], i) => [name, nudge(values, seed * 64 + i)]));
