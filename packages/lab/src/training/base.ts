/** @file The base model of a seed, trained in BF16. */
import { type LlamaConfig, parameterSpecs } from '@octavo/llama';
import { randomNormals, streams } from '../engine/random.ts';
import type { Parts } from '../engine/study.ts';
import { plainBatch } from './batches.ts';
import type { BaseLaboratory } from './laboratory.ts';
import { trainLoop, withTraining } from './loop.ts';
import { basePlan } from './plan.ts';
import { arraysOf, type Snapshot, snapshotOf, takeSnapshot, untrained } from './snapshot.ts';

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
      const count = shape.reduce((a, b) => a * b, 1);
      if (shape.length === 1) return [name, new Float32Array(count).fill(1)];
      const normals = randomNormals(seed * 64 + i, streams.weights, count);
      return [name, Float32Array.from(normals, (v) => v * stdOf(name))];
    }),
  );
}

/** The base of a seed, from `parts` if it is there; else trained and put there. */
export async function storedBase(
  { settings, device, bytes, signal }: BaseLaboratory,
  parts: Parts,
  seed: number,
  onShare: (share: number) => void,
): Promise<Snapshot> {
  const key = `seed-${seed}.base`;
  const stored = await parts.readArrays(key);
  if (stored) return snapshotOf(stored);
  const start = untrained(startingWeights(settings, seed));
  return withTraining(device, basePlan(settings, seed), start, async (training) => {
    await trainLoop(training, {
      batch: (step) => plainBatch(bytes, settings, seed, step),
      signal,
      onShare,
    });
    const trained = await takeSnapshot(training);
    await parts.writeArrays(key, arraysOf(trained));
    return trained;
  });
}
