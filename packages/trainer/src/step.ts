/**
 * @file One training step: gradients, what the host decides from them, the update.
 *
 * The host reads once between the backward pass and the update, since clipping and the policy for non-finite values
 * decide about the update itself, and a few numbers after it. Scaling states change here and nowhere else.
 */
import { createScope } from '@octavo/kernels';
import { dropQuantizedWeights, endStep } from '@octavo/nn';
import { clipFactor, globalNorm, hyperparameterValues, learningRate } from '@octavo/optim';
import { computeGradients, freeGradients, type Gradients } from './gradients.ts';
import type { GuardAlarm } from './guard/alarm.ts';
import type { Nearness } from './guard/state.ts';
import { firstNonFinite, type NonFinite, nonFiniteError, trustedMaxima } from './non-finite.ts';
import { tokensPerStep } from './plan.ts';
import { accept, putBack, stateNow } from './safety.ts';
import { updateFault } from './state-fault.ts';
import type { Training } from './training.ts';
import { type Moved, UNMOVED, update } from './update.ts';
import type { TokenBatch } from './upload.ts';
import { watchedGradients } from './watched-gradients.ts';

export interface StepResult extends Moved {
  /** The step's number; the first is 1. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Present when sampled, or when something was not finite. */
  readonly gradients: Gradients;
  /** The first tensor with a value that is not finite, or null. */
  readonly nonFinite: NonFinite | null;
  readonly updated: boolean;
  /** What the guard has to say of this step. */
  readonly alarms: readonly GuardAlarm[];
  readonly nearness: Nearness;
}

/** Steps in a row that policy `skip-step` passes over before the run stops, unless the plan says another number. */
export const SKIP_LIMIT = 8;

/**
 * Runs a step. Where a tensor of it, its loss, a gradient or the state that its update would leave is not finite, the
 * policy decides: `stop` throws a `NonFiniteError`, `skip-step` goes on without the update (and throws after
 * `skipLimit` such steps in a row), and both leave the state as it was before; `continue` takes the update.
 */
export async function trainStep(training: Training, batches: readonly TokenBatch[]): Promise<StepResult> {
  const { device, plan, model, safety } = training;
  const scope = createScope(device);
  const before = stateNow(training);
  try {
    const last = training.step + 1 === plan.steps;
    const sample = plan.sampleEvery > 0 && (last || training.step % plan.sampleEvery === 0);
    const watched = await watchedGradients(training, () =>
      computeGradients(training, batches, scope, sample),
    );
    let { gradients } = watched;
    const { loss, seen } = gradients;
    const gradientNorm = globalNorm(gradients.squares);
    const trusted = trustedMaxima(training, gradients);
    let nonFinite = firstNonFinite(training, gradients);
    let proven = nonFinite === null;
    if (nonFinite) {
      const again = await computeGradients(training, batches, scope, true);
      const confirmed = firstNonFinite(training, again);
      proven = confirmed === null;
      if (confirmed) gradients = again;
      // what the cast made is known now; what has gone since is named as it was seen
      nonFinite = confirmed ? firstNonFinite(training, { ...again, seen, loss }) : nonFinite;
    }
    const rate = learningRate(plan.schedule, training.step);
    let moved = UNMOVED;
    let updated = false;
    if (!nonFinite || plan.nonFinite === 'continue') {
      training.updates += 1;
      device.write(
        training.hyper,
        hyperparameterValues(
          { ...plan.adam, learningRate: rate },
          clipFactor(gradientNorm, plan.clip),
          training.updates,
        ),
      );
      moved = await update(training, scope, sample);
      const fault = await updateFault(training);
      nonFinite ??= fault;
      updated = !fault || plan.nonFinite === 'continue';
      if (updated) accept(training, before, nonFinite === null);
      else putBack(training, before);
      dropQuantizedWeights(model.precision);
    }
    if (nonFinite && plan.nonFinite !== 'continue') {
      const skips = plan.nonFinite === 'stop' ? 0 : safety.skipped + 1;
      const step = training.step + 1;
      const report = { step, loss, gradientNorm, nonFinite, gradients, proven, skips };
      if (skips === 0 || skips >= (plan.skipLimit ?? SKIP_LIMIT)) throw nonFiniteError(report);
    }
    safety.skipped = updated ? 0 : safety.skipped + 1;
    endStep(model.precision, trusted);
    training.guard = watched.state;
    training.step += 1;
    training.tokens += tokensPerStep(plan);
    return {
      step: training.step,
      loss,
      gradientNorm,
      learningRate: rate,
      ...moved,
      gradients,
      nonFinite,
      updated,
      alarms: watched.alarms,
      nearness: watched.nearness,
    };
  } finally {
    freeGradients(training);
    model.precision.recording = null;
    scope.release();
  }
}
