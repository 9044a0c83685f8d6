/** @file Training steps of every recipe in turns: their times, and the share of matrix products in them. */
import { setImmediate } from 'node:timers/promises';
import { createProfile, median, type Profile, profiled, stepBatch, stepPlan, timed } from '@octavo/bench';
import type { Device } from '@octavo/kernels';
import { createTraining, type Training, trainStep } from '@octavo/trainer';
import { destroyTraining } from '../training/snapshot.ts';
import type { ThroughputModel } from './settings.ts';

export interface Speed {
  readonly batch: number;
  readonly recipe: string;
  /** Median milliseconds of a step. */
  readonly milliseconds: number;
  readonly tokensPerSecond: number;
  /** Share of the step's time in matrix products, and in those of two FP8 operands; null where the device queues them. */
  readonly products: number | null;
  readonly fp8Products: number | null;
}

interface Subject {
  readonly recipe: string;
  readonly training: Training;
  readonly profile: Profile;
}

/** Every batch size of a model: each recipe once to warm up, then `rounds` turns; the models of a seed share the device. */
export async function measureSpeed(
  device: Device,
  one: ThroughputModel,
  options: {
    seed: number;
    recipes: readonly string[];
    rounds: number;
    signal?: AbortSignal | undefined;
    onShare: (share: number) => void;
  },
): Promise<Speed[]> {
  const { seed, recipes, rounds, signal, onShare } = options;
  const subjects: Subject[] = [];
  try {
    for (const recipe of recipes) {
      const plan = { ...stepPlan({ ...one, batch: one.batches[0]! }, recipe), seed };
      const profile = createProfile();
      subjects.push({ recipe, profile, training: createTraining(profiled(device, profile), plan) });
    }
    const speeds: Speed[] = [];
    for (const [i, batch] of one.batches.entries()) {
      const times = subjects.map((): number[] => []);
      for (const { profile } of subjects) profile.operators.clear();
      for (let round = -1; round < rounds; round++) {
        for (const [s, { training, profile }] of subjects.entries()) {
          signal?.throwIfAborted();
          profile.recording = round >= 0; // the first step allocates
          const tokens = stepBatch({ ...one, batch });
          const time = await timed(async () => void (await trainStep(training, [tokens])), 1);
          if (round >= 0) times[s]!.push(time);
          await setImmediate();
        }
        onShare((i + (round + 2) / (rounds + 1)) / one.batches.length);
      }
      for (const [s, { recipe, profile }] of subjects.entries())
        speeds.push({ batch, recipe, ...summarise(device, profile, times[s]!, batch * one.sequence) });
    }
    return speeds;
  } finally {
    for (const { training } of subjects) destroyTraining(training);
  }
}

function summarise(
  device: Device,
  { operators }: Profile,
  times: readonly number[],
  tokens: number,
): Omit<Speed, 'batch' | 'recipe'> {
  const total = times.reduce((a, b) => a + b, 0);
  const share = (wanted: (operator: string) => boolean): number | null =>
    computesAtOnce(device)
      ? [...operators].reduce((sum, [name, ms]) => sum + (wanted(name) ? ms : 0), 0) / total
      : null;
  const milliseconds = median(times);
  return {
    milliseconds,
    tokensPerSecond: (1000 * tokens) / milliseconds,
    products: share((name) => name.startsWith('gemm ')),
    fp8Products: share((name) => /^gemm e\dm\d.*×e\dm\d/.test(name)),
  };
}

/** A host device computes before `run` returns, so the time of a call is the operator's. */
const computesAtOnce = ({ name }: Device): boolean => name === 'simd' || name === 'reference';
