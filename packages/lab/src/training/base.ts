/** @file A base model trained in BF16, and its aged forms. */
import { setImmediate } from 'node:timers/promises';
import { parameterSpecs } from '@octavo/llama';
import { trainStep } from '@octavo/trainer';
import { randomNormals, streams } from '../engine/random.ts';
import type { Parts } from '../engine/study.ts';
import type { Laboratory } from '../instability/laboratory.ts';
import { basePlan, type InstabilitySettings } from '../instability/settings.ts';
import { ageLayer, type PlantedChannel, rescaleChannels } from './ageing.ts';
import { cleanBatch, plainBatch, rareBatch } from './batches.ts';
import { gatherInputs } from './gather.ts';
import {
  arraysOf,
  destroyTraining,
  type Snapshot,
  snapshotOf,
  takeSnapshot,
  trainingFrom,
  untrained,
} from './snapshot.ts';

/** Batches from here on are for gathering and for the runs: the base has not seen their windows in this order. */
export const AFTER_BASE = 1 << 20;
const GATHERING = 1 << 21;

/** Trains the base of a seed; `onStep` hears of every step. */
export async function trainBase(
  lab: Laboratory,
  seed: number,
  onStep: (step: number, loss: number) => void,
): Promise<Snapshot> {
  const { settings, device, bytes, signal } = lab;
  const plan = basePlan(settings, seed);
  const training = trainingFrom(device, plan, untrained(startingWeights(settings, seed)));
  try {
    while (training.step < plan.steps) {
      signal?.throwIfAborted();
      const { loss } = await trainStep(training, [plainBatch(bytes, settings, seed, training.step)]);
      onStep(training.step, loss);
      await setImmediate();
    }
    return await takeSnapshot(training);
  } finally {
    destroyTraining(training);
  }
}

/** Normal numbers: 0.05, embedding 0.5, the two that write to the residual stream 0.02 · 2 / √(2 L); gains one. */
export function startingWeights(
  { model }: Pick<InstabilitySettings, 'model'>,
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
  lab: Laboratory,
  parts: Parts,
  seed: number,
  onShare: (share: number) => void,
): Promise<Snapshot> {
  const key = `seed-${seed}.base`;
  const stored = await parts.readArrays(key);
  if (stored) return snapshotOf(stored);
  const trained = await trainBase(lab, seed, (step) => onShare(step / lab.settings.baseSteps));
  await parts.writeArrays(key, arraysOf(trained));
  return trained;
}

export interface Aged {
  readonly snapshot: Snapshot;
  readonly planted: readonly PlantedChannel[];
}

/** Ages layer after layer, gathering the inputs anew for each. */
export async function ageModel(
  { settings, device, bytes, rare }: Laboratory,
  base: Snapshot,
  seed: number,
  options: { peak: number; rescale: number; aligned: boolean },
): Promise<Aged> {
  const { model, sequence } = settings;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => GATHERING + i);
  const ordinary = numbers(2).map((i) => cleanBatch(bytes, settings, rare, seed, i));
  const withRare = numbers(4).map((i) => rareBatch(bytes, settings, rare, seed, i));
  let snapshot = base;
  const planted: PlantedChannel[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const gather = (batches: typeof ordinary, wanted: (token: number) => boolean) =>
      gatherInputs(device, model, snapshot, layer, batches, { sequence, wanted });
    const inputs = {
      ordinary: await gather(ordinary, () => true),
      rare: await gather(withRare, (token) => token === rare.byte),
    };
    const aged = ageLayer(snapshot, layer, inputs, { ...options, seed });
    snapshot = aged.snapshot;
    planted.push(aged.planted);
    await setImmediate();
  }
  return { snapshot, planted };
}

/** The control that is rescaled as the aged one is, but has nothing planted. */
export function rescaleModel({ settings }: Laboratory, base: Snapshot): Snapshot {
  let snapshot = base;
  for (let layer = 0; layer < settings.model.layers; layer++)
    snapshot = rescaleChannels(snapshot, layer, settings.rescale);
  return snapshot;
}
