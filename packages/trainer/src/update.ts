/** @file The optimizer's part of a step: every parameter moved, how far, and whether the new state stands. */
import type { Scope } from '@octavo/kernels';
import { dropQuantizedWeights } from '@octavo/nn';
import { clipFactor, hyperparameterValues } from '@octavo/optim';
import type { Decision } from './decide.ts';
import type { Held } from './held.ts';
import { type Moved, moveParameters, UNMOVED } from './move.ts';
import type { NonFinite } from './non-finite.ts';
import { moveParts } from './ranks/move-parts.ts';
import { accept, putBack, releaseHeld } from './safety.ts';
import { updateFault } from './state-fault.ts';
import type { Training } from './training.ts';

export interface Update extends Moved {
  /** The first tensor with a value that is not finite, of the step or of the state that its update would leave; or null. */
  readonly nonFinite: NonFinite | null;
  /** Whether the update was taken. */
  readonly updated: boolean;
}

/** Updates the state `before`, unless a value is not finite and the policy says otherwise: then it stays, or is put back. */
export async function update(
  training: Training,
  before: Held,
  { nonFinite, gradientNorm, learningRate, proven }: Decision,
  scope: Scope,
  sample: boolean,
): Promise<Update> {
  const { device, plan, model, hyper } = training;
  const always = plan.nonFinite === 'continue';
  if (nonFinite && !always) return { ...UNMOVED, nonFinite, updated: false };
  if (!nonFinite && proven) releaseHeld(training);
  training.updates += 1;
  const numbers = { ...plan.adam, learningRate };
  device.write(hyper, hyperparameterValues(numbers, clipFactor(gradientNorm, plan.clip), training.updates));
  const { ranks } = training;
  const moved = ranks
    ? await moveParts(training, ranks, scope, sample)
    : await moveParameters(training, scope, sample);
  const fault = await updateFault(training);
  const updated = !fault || always;
  if (updated) accept(training, before, !nonFinite && !fault);
  else putBack(training, before);
  dropQuantizedWeights(model.precision);
  return { ...moved, nonFinite: nonFinite ?? fault, updated };
}
