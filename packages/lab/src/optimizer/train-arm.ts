/** @file One optimizer's run, on batches that are the same for all optimizers of a seed; its second moments watched. */
import { setImmediate } from 'node:timers/promises';
import { elements } from '@octavo/kernels';
import { type TokenBatch, type Training, type TrainPlan, trainStep } from '@octavo/trainer';
import type { Laboratory } from '../instability/laboratory.ts';
import { destroyTraining, type Snapshot, trainingFrom } from '../snapshot.ts';
import { storesRealBytes } from '../throughput/memory.ts';
import { bytesOn } from '../throughput/meter.ts';
import { type MomentObserver, observeMoments } from './observe.ts';
import { roundedFirst } from './rounded-first.ts';
import { countStalls, type StallCounts } from './stalls.ts';

/** What became of one second moment at a sampled step. */
export interface MomentRow extends StallCounts {
  readonly step: number;
  readonly tensor: string;
}

export const roles = ['master', 'moment1', 'moment2'] as const;

/** Bytes a parameter of one part of the optimizer's state, its scales included. */
export interface StateBytes {
  readonly role: (typeof roles)[number];
  /** As the formats have it. */
  readonly stored: number;
  /** As the device's own memory grows; null where it does not store a format in as many bytes as it has. */
  readonly onDevice: number | null;
}

export interface OptimizerRun {
  /** JSON keeps one that is not finite as null. */
  readonly losses: readonly (number | null)[];
  /** Empty for moments in FP32. */
  readonly moments: readonly MomentRow[];
  readonly bytes: readonly StateBytes[];
  /** The step whose loss or gradient was not finite, and where it began; null for a run that went to its end. */
  readonly broke: { readonly step: number; readonly where: string } | null;
}

export async function trainArm(
  { device, signal }: Pick<Laboratory, 'device' | 'signal'>,
  plan: TrainPlan,
  start: Snapshot,
  batchOf: (step: number) => TokenBatch,
  options: { early: boolean; sampleEvery: number; onStep: (step: number) => void },
): Promise<OptimizerRun> {
  const observer = observeMoments(options.early ? roundedFirst(device) : device);
  const training = trainingFrom(observer.device, plan, start);
  const losses: number[] = [];
  const moments: MomentRow[] = [];
  try {
    const bytes = bytesOf(training);
    while (training.step < plan.steps) {
      signal?.throwIfAborted();
      observer.sampling = (training.step + 1) % options.sampleEvery === 0;
      const result = await trainStep(training, [batchOf(training.step)]);
      losses.push(result.loss);
      if (observer.sampling) moments.push(...(await momentRows(training, observer)));
      options.onStep(training.step);
      if (result.nonFinite)
        return { losses, moments, bytes, broke: { step: result.step, where: result.nonFinite.where } };
      await setImmediate();
    }
    return { losses, moments, bytes, broke: null };
  } finally {
    observer.release();
    destroyTraining(training);
  }
}

async function momentRows({ step, model, optimizer }: Training, observer: MomentObserver) {
  const rows: MomentRow[] = [];
  for (const [i, { name }] of model.parameters.entries()) {
    const { moment2, moment2Scale } = optimizer[i]!.state;
    const update = await observer.updateOf(moment2, moment2Scale);
    if (update) rows.push({ step, tensor: name, ...countStalls(update) });
  }
  observer.clear();
  return rows;
}

function bytesOf({ device, model, optimizer }: Training): StateBytes[] {
  const parameters = model.parameters.reduce((n, { value }) => n + elements(value.shape), 0);
  return roles.map((role) => {
    const tensors = optimizer.flatMap(({ state }) => [state[role], state[`${role}Scale`]]);
    const bits = tensors.reduce((n, { shape, format }) => n + elements(shape) * format.bits, 0);
    const onDevice = storesRealBytes(device) ? bytesOn(device, tensors) / parameters : null;
    return { role, stored: bits / 8 / parameters, onDevice };
  });
}
