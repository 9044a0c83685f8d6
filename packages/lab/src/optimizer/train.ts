/** @file One optimizer's run, on batches that are the same for all optimizers of a seed; its second moments watched. */
import { elements } from '@octavo/kernels';
import { heldOutLoss, type TokenBatch, type Training, type TrainPlan } from '@octavo/trainer';
import { type Losses, type StoredLosses, trainLoop, withTraining } from '../training/loop.ts';
import { bytesOn, storesRealBytes } from '../training/meter.ts';
import type { Laboratory } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';
import { roundedFirst } from './rounded-first.ts';
import { countStalls, type MomentObserver, observeMoments, type StallCounts } from './stalls.ts';

/** What became of one second moment at a sampled step. */
export interface MomentRow extends StallCounts {
  readonly step: number;
  readonly tensor: string;
}

export const roles = ['master', 'moment1', 'moment2'] as const;

/** It ends with the step that broke, if one did. */
export interface OptimizerRun extends Omit<Losses, 'losses'> {
  readonly losses: StoredLosses;
  /** Empty for moments in FP32. */
  readonly moments: readonly MomentRow[];
  readonly bytes: ReturnType<typeof bytesOf>;
  /** Share of the matrices' updates that their master weights lost, at sampled steps. */
  readonly lost: readonly { readonly step: number; readonly share: number }[];
  /** Loss on held-out text at the end, nats per byte; null where it is not finite or the run broke. */
  readonly heldOut: number | null;
}

export async function trainArm(
  { device, signal }: Pick<Laboratory<unknown>, 'device' | 'signal'>,
  plan: TrainPlan,
  start: Snapshot,
  batchOf: (step: number) => TokenBatch,
  options: {
    early: boolean;
    sampleEvery: number;
    heldOut: readonly TokenBatch[];
    onShare?: (share: number) => void;
  },
): Promise<OptimizerRun> {
  const { early, sampleEvery, heldOut, onShare } = options;
  const observer = observeMoments(early ? roundedFirst(device) : device);
  const moments: MomentRow[] = [];
  const lost: { step: number; share: number }[] = [];
  const run = async (training: Training): Promise<OptimizerRun> => {
    const bytes = bytesOf(training);
    const { losses, broke } = await trainLoop(training, {
      batch(step) {
        observer.sampling = (step + 1) % sampleEvery === 0;
        return batchOf(step);
      },
      signal,
      onShare,
      endsBroken: true,
      async onStep({ step, lostUpdates }) {
        if (observer.sampling) moments.push(...(await momentRows(training, observer)));
        const share = lostShare(training, lostUpdates);
        if (share !== null) lost.push({ step, share });
      },
    });
    const loss = broke ? null : (await heldOutLoss(training.model, heldOut, plan.sequence)).loss;
    return { losses, moments, bytes, lost, heldOut: Number.isFinite(loss) ? loss : null, broke };
  };
  try {
    return await withTraining(observer.device, { ...plan, sampleEvery }, start, run);
  } finally {
    observer.release();
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

/** Of all matrices together; null on a step that was not sampled. */
function lostShare({ model }: Training, shares: readonly (number | null)[]): number | null {
  let [lost, count] = [0, 0];
  for (const [i, share] of shares.entries()) {
    if (share === null) continue;
    const size = elements(model.parameters[i]!.value.shape);
    lost += share * size;
    count += size;
  }
  return count === 0 ? null : lost / count;
}

/** Bytes a parameter of each part of the optimizer's state, its scales included. */
function bytesOf({ device, model, optimizer }: Training) {
  const parameters = model.parameters.reduce((n, { value }) => n + elements(value.shape), 0);
  return roles.map((role) => {
    const tensors = optimizer.flatMap(({ state }) => [state[role], state[`${role}Scale`]]);
    const bits = tensors.reduce((n, { shape, format }) => n + elements(shape) * format.bits, 0);
    /** As the device's own memory grows; null where it does not store a format in as many bytes as it has. */
    const onDevice = storesRealBytes(device) ? bytesOn(device, tensors) / parameters : null;
    return { role, stored: bits / 8 / parameters, onDevice }; // stored: as the formats have it
  });
}
