/** @file Weights that runs from scratch begin with, and the same moved by as much as one rounding to BF16 moves them. */
import { elements } from '@octavo/kernels';
import { type LlamaConfig, parameterSpecs } from '@octavo/llama';
import { randomNormals, streams } from '../engine/random.ts';

/** Normal numbers: 0.05, embedding 0.5, the two that write to the residual stream 0.02 · 2 / √(2 L); gains one. */
export function startingWeights(
  { model }: { readonly model: LlamaConfig },
  seed: number,
): Map<string, Float32Array> {
  const residual = (0.02 * 2) / Math.sqrt(2 * model.layers);
  const stdOf = (name: string): number =>
    name === 'embedding' ? 0.5 : /attentionOut|down/.test(name) ? residual : 0.05;
  return new Map(
    parameterSpecs(model).map(({ name, shape }, i) => {
      const count = elements(shape);
      if (shape.length === 1) return [name, new Float32Array(count).fill(1)];
      const normals = randomNormals(seed * 64 + i, streams.weights, count);
      return [name, Float32Array.from(normals, (v) => v * stdOf(name))];
    }),
  );
}

/** The largest relative error of rounding to BF16. */
const BF16_ROUNDING = 2 ** -9;

/** Each value times 1 + 2⁻⁹ · a standard normal number. */
export function nudge(values: Float32Array, seed: number): Float32Array {
  const normals = randomNormals(seed, streams.nudge, values.length);
  return values.map((v, j) => v * (1 + BF16_ROUNDING * normals[j]!));
}

/** Each tensor is drawn from its own random stream. */
export const nudgeAll = (
  weights: ReadonlyMap<string, Float32Array>,
  seed: number,
): Map<string, Float32Array> =>
  new Map([...weights].map(([name, values], i) => [name, nudge(values, seed * 64 + i)]));
