/** @file A run that starts from the weights of a model, and knows how large its tensors are before it moves any. */
import { createHash } from 'node:crypto';
import { createScope, type Device } from '@octavo/kernels';
import { checkModel, parameterSpecs } from '@octavo/llama';
import { type Communicator, soloCommunicator } from '@octavo/mpi';
import { createPrecision, dropQuantizedWeights, endStep } from '@octavo/nn';
import type { Checkpoint } from '@octavo/store';
import { freeGradients } from './gradients.ts';
import { trustedMaxima } from './non-finite.ts';
import type { TrainPlan } from './plan.ts';
import { ranksOf } from './ranks/ranks.ts';
import { readWeight } from './read-model.ts';
import { computeGradients } from './step.ts';
import { beginParameter, begunTraining, type Training } from './training.ts';
import type { TokenBatch } from './transfer.ts';

/** A run at its beginning, and what says which weights it began with. */
export interface Start {
  readonly training: Training;
  /** SHA-256 of the weights' float32 values, in their order. */
  readonly weights: string;
}

/**
 * A run at its beginning with the weights of a checkpoint, be it of a run or of a model from elsewhere; the optimizer begins
 * anew. One parameter is in memory in float32 at a time. Throws an `OctavoError` (exit code 2) where one is missing or of
 * another shape than the plan's model says.
 */
export async function startTraining(
  device: Device,
  plan: TrainPlan,
  checkpoint: Checkpoint,
  group: Communicator = soloCommunicator(),
): Promise<Start> {
  const precision = createPrecision(device, plan.recipe);
  checkModel(plan.model, precision);
  const hash = createHash('sha256');
  const ranks = ranksOf(plan, group);
  const begun: ReturnType<typeof beginParameter>[] = [];
  for (const [i, spec] of parameterSpecs(plan.model).entries()) {
    const values = await readWeight(checkpoint, spec);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    begun.push(beginParameter(precision, spec, values, ranks?.parts[i]));
  }
  return { training: begunTraining(plan, precision, ranks, begun), weights: hash.digest('hex') };
}

/**
 * Gives delayed scales their first maxima: forward and backward passes over the batches of some steps, each observed as the
 * step would be, without an update. Weights that were trained elsewhere have no history, and a policy that begins at scale 1, or
 * a first update beyond what one batch has shown, would clip them. Where no scale is delayed nothing is computed.
 */
export async function calibrateScales(
  training: Training,
  steps: readonly (readonly TokenBatch[])[],
): Promise<void> {
  const { device, model, ranks } = training;
  const { precision } = model;
  if (!precision.sites.some(({ cast }) => cast?.policy.kind === 'delayed')) return;
  for (const batches of steps) {
    const scope = createScope(device);
    try {
      const own = ranks ? batches.slice(ranks.microBatches.from, ranks.microBatches.to) : batches;
      const gradients = await computeGradients(training, own, scope, false);
      endStep(precision, trustedMaxima(training, gradients));
    } finally {
      freeGradients(training);
      precision.recording = null;
      scope.release();
      dropQuantizedWeights(precision);
    }
  }
}
