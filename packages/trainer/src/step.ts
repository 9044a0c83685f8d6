/**
 * @file One training step: forward, backward, read, decide, update.
 *
 * The host reads once between the backward pass and the update, since clipping and the policy for non-finite values
 * decide about the update itself, and a few numbers after it. Scaling states change here and nowhere else.
 */
import { createScope, type Scope } from '@octavo/kernels';
import { endStep } from '@octavo/nn';
import { decide, goOn } from './decide.ts';
import { backward, beginPass, forward, freeGradients, read } from './gradients.ts';
import type { GuardAlarm } from './guard/alarm.ts';
import type { Nearness } from './guard/state.ts';
import type { Gradients } from './learned.ts';
import { tokensPerStep } from './plan.ts';
import { stateNow } from './safety.ts';
import type { Training } from './training.ts';
import type { TokenBatch } from './transfer.ts';
import { type Update, update } from './update.ts';
import { watchedGradients } from './watched-gradients.ts';

export interface StepResult extends Update {
  /** The step's number; the first is 1. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Present when sampled, or when something was not finite. */
  readonly gradients: Gradients;
  /** What the guard has to say of this step. */
  readonly alarms: readonly GuardAlarm[];
  readonly nearness: Nearness;
}

/**
 * Runs a step. Where a tensor of it, its loss, a gradient or the state that its update would leave is not finite, the
 * policy decides: `stop` throws a `NonFiniteError`, `skip-step` goes on without the update (and throws after
 * `skipLimit` such steps in a row), and both leave the state as it was before; `continue` takes the update.
 */
export async function trainStep(training: Training, batches: readonly TokenBatch[]): Promise<StepResult> {
  const { device, plan, model } = training;
  const scope = createScope(device);
  const before = stateNow(training);
  const last = training.step + 1 === plan.steps;
  const sample = plan.sampleEvery > 0 && (last || training.step % plan.sampleEvery === 0);
  const compute = (sample: boolean) => computeGradients(training, batches, scope, sample);
  try {
    const watched = await watchedGradients(training, () => compute(sample)); // forward, backward, read
    const decision = await decide(training, watched.gradients, () => compute(true));
    const updated = await update(training, before, decision, scope, sample);
    goOn(training, decision, updated);
    endStep(model.precision, decision.trusted);
    training.guard = watched.state;
    training.step += 1;
    training.tokens += tokensPerStep(plan);
    const { loss, gradientNorm, learningRate, gradients } = decision;
    const { alarms, nearness } = watched;
    const { step } = training;
    return { step, loss, gradientNorm, learningRate, gradients, alarms, nearness, ...updated };
  } finally {
    freeGradients(training);
    model.precision.recording = null;
    scope.release();
  }
}

/** Leaves the gradients of the mean loss in the parameters' `grad`, until `freeGradients`. */
export async function computeGradients(
  training: Training,
  batches: readonly TokenBatch[],
  scope: Scope,
  sample: boolean,
): Promise<Gradients> {
  const pass = await beginPass(training, batches, scope, sample);
  for (const batch of batches) {
    const microBatch = forward(pass, batch);
    backward(pass, microBatch);
  }
  return read(pass);
}
