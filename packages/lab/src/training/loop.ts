/** @file The loop of all studies: a run from a snapshot, step by step to its end; and how far its losses are from another's. */
import { setImmediate } from 'node:timers/promises';
import type { Device } from '@octavo/kernels';
import { type StepResult, type TokenBatch, type Training, type TrainPlan, trainStep } from '@octavo/trainer';
import { mean } from '../engine/numbers.ts';
import { destroyTraining, type Snapshot, trainingFrom } from './snapshot.ts';

/** The step whose loss or gradient was not finite first, and where it began; null for a run without one. */
export type Broke = { readonly step: number; readonly where: string } | null;

export interface Losses {
  /** JSON keeps one that is not finite as null. */
  readonly losses: readonly number[];
  readonly broke: Broke;
}

export interface LoopOptions {
  /** The batch of a step; the first is 0. */
  batch(step: number): TokenBatch;
  readonly signal?: AbortSignal | undefined;
  readonly onShare?: ((share: number) => void) | undefined;
  onStep?(result: StepResult): Promise<void> | void;
  /** True: a step that is not finite is the last one. */
  readonly endsBroken?: boolean;
}

/** A run for as long as `use` takes. */
export async function withTraining<T>(
  device: Device,
  plan: TrainPlan,
  start: Snapshot,
  use: (training: Training) => Promise<T>,
): Promise<T> {
  const training = trainingFrom(device, plan, start);
  try {
    return await use(training);
  } finally {
    destroyTraining(training);
  }
}

/** Steps to the end of the plan. Throws the signal's reason when it is aborted. */
export async function trainLoop(training: Training, options: LoopOptions): Promise<Losses> {
  const { signal, onShare, endsBroken = false } = options;
  const { steps } = training.plan;
  const losses: number[] = [];
  let broke: Broke = null;
  while (training.step < steps && !(endsBroken && broke)) {
    signal?.throwIfAborted();
    const result = await trainStep(training, [options.batch(training.step)]);
    losses.push(result.loss);
    await options.onStep?.(result);
    onShare?.(training.step / steps);
    if (result.nonFinite) broke ??= { step: result.step, where: result.nonFinite.where };
    await setImmediate();
  }
  return { losses, broke };
}

/** Losses as parts hold them: JSON keeps one that is not finite as null. */
export type StoredLosses = readonly (number | null)[];

/** Step by step; NaN where either is not finite. */
export const pairedGaps = (losses: StoredLosses, base: StoredLosses): number[] =>
  losses.map((loss, i) => (loss ?? Number.NaN) - (base[i] ?? Number.NaN));

/** The last half of what `whole` steps or samples gave. */
export const lastHalf = <T>(values: readonly T[], whole = values.length): readonly T[] =>
  values.slice(Math.floor(whole / 2));

export const lastHalfMean = (values: readonly number[], whole?: number): number =>
  mean(lastHalf(values, whole));
