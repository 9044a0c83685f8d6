/** @file Training steps of every recipe: in turns, their times and the share of matrix products in them; and their memory. */
import { setImmediate } from 'node:timers/promises';
import { createProfile, median, type Profile, profiled, stepBatch, stepPlan, timed } from '@octavo/bench';
import { createScope, type Device, type Tensor } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import { dropQuantizedWeights } from '@octavo/nn';
import { computeGradients, createTraining, freeGradients, type Training, trainStep } from '@octavo/trainer';
import { bytesOn, metered } from '../training/meter.ts';
import { destroyTraining } from '../training/snapshot.ts';
import type { ThroughputModel, ThroughputSettings } from './settings.ts';

export type Speed = Awaited<ReturnType<typeof measureSpeed>>[number];

/** Every batch size of a model: each recipe once to warm up, then `rounds` turns; the models of a seed share the device. */
export async function measureSpeed(
  device: Device,
  one: ThroughputModel,
  { recipes, rounds }: Pick<ThroughputSettings, 'recipes' | 'rounds'>,
  options: { seed: number; signal?: AbortSignal | undefined; onShare: (share: number) => void },
) {
  const { seed, signal, onShare } = options;
  const subjects: { recipe: string; training: Training; profile: Profile }[] = [];
  try {
    for (const recipe of recipes) {
      const plan = { ...stepPlan({ ...one, batch: one.batches[0]! }, recipe), seed };
      const profile = createProfile();
      subjects.push({ recipe, profile, training: createTraining(profiled(device, profile), plan) });
    }
    const speeds: ({ batch: number; recipe: string } & ReturnType<typeof summarise>)[] = [];
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

function summarise(device: Device, { operators }: Profile, times: readonly number[], tokens: number) {
  const total = times.reduce((a, b) => a + b, 0);
  const share = (wanted: (operator: string) => boolean): number | null =>
    computesAtOnce(device)
      ? [...operators].reduce((sum, [name, ms]) => sum + (wanted(name) ? ms : 0), 0) / total
      : null;
  const milliseconds = median(times);
  return {
    /** Median, of a step. */
    milliseconds,
    tokensPerSecond: (1000 * tokens) / milliseconds,
    /** Share of the step's time in matrix products, and in those of two FP8 operands; null where the device queues them. */
    products: share((name) => name.startsWith('gemm ')),
    fp8Products: share((name) => /^gemm e\dm\d.*×e\dm\d/.test(name)),
  };
}

/** A host device computes before `run` returns, so the time of a call is the operator's. */
const computesAtOnce = ({ name }: Device): boolean => name === 'simd' || name === 'reference';

export type Memory = Awaited<ReturnType<typeof measureMemory>>[number];

/** Bytes a parameter; and the largest of a step at every batch size, smallest first, since a peak does not shrink. */
export async function measureMemory(device: Device, one: ThroughputModel, recipe: string) {
  const meter = metered(device);
  const batches = [...one.batches].sort((a, b) => a - b);
  const training = createTraining(meter, stepPlan({ ...one, batch: batches[0]! }, recipe));
  const parameters = countParameters(one.model);
  try {
    const peaks: { batch: number; peak: number }[] = [];
    for (const batch of batches) {
      for (let step = 0; step < 2; step++) await trainStep(training, [stepBatch({ ...one, batch })]);
      peaks.push({ batch, peak: meter.memory().peak });
    }
    const scope = createScope(meter);
    await computeGradients(training, [stepBatch({ ...one, batch: batches[0]! })], scope, false);
    const { model, optimizer } = training;
    const each = (tensors: readonly Tensor[]): number => bytesOn(meter, tensors) / parameters;
    const gradients = each(model.parameters.flatMap(({ grad }) => grad ?? []));
    freeGradients(training);
    scope.release();
    const withCasts = meter.memory().live;
    dropQuantizedWeights(model.precision);
    const ofState = (role: 'master' | 'moment1' | 'moment2'): number =>
      each(optimizer.flatMap(({ state }) => [state[role], state[`${role}Scale`]]));
    const perParameter = {
      /** What the products read: BF16, FP32. */
      weights: each(model.parameters.map(({ value }) => value)),
      /** Their FP8 copies, kept while the weights stand. */
      casts: (withCasts - meter.memory().live) / parameters,
      gradients,
      master: ofState('master'),
      moment1: ofState('moment1'),
      moment2: ofState('moment2'),
    };
    return peaks.map(({ batch, peak }) => ({ batch, recipe, parameters, perParameter, peak }));
  } finally {
    destroyTraining(training);
  }
}
