/** @file What the host decides of a step, before anything has moved and after: how far to go, and whether to go on. */
import { globalNorm, learningRate } from '@octavo/optim';
import type { Gradients } from './learned.ts';
import { firstNonFinite, type NonFinite, nonFiniteError, trustedMaxima } from './non-finite.ts';
import type { Training } from './training.ts';

/** Steps in a row that policy `skip-step` passes over before the run stops, unless the plan says another number. */
export const SKIP_LIMIT = 8;

export interface Decision {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Of the pass that shows the fault, where there is one. */
  readonly gradients: Gradients;
  /** Maxima that scaling may learn from. */
  readonly trusted: Float32Array;
  /** The first tensor with a value that is not finite, or null. */
  readonly nonFinite: NonFinite | null;
  /** The state that the step began with gives finite gradients. */
  readonly proven: boolean;
}

/** Judges a pass. Where a value is not finite a second one, with statistics, is to confirm it and to show the cast at fault. */
export async function decide(
  training: Training,
  gradients: Gradients,
  again: () => Promise<Gradients>,
): Promise<Decision> {
  const { loss, seen, squares } = gradients;
  const decision = {
    loss,
    gradientNorm: globalNorm(squares),
    learningRate: learningRate(training.plan.schedule, training.step),
    gradients,
    trusted: trustedMaxima(training, gradients),
    nonFinite: firstNonFinite(training, gradients),
    proven: true,
  };
  if (!decision.nonFinite) return decision;
  const second = await again();
  if (!firstNonFinite(training, second)) return decision;
  // what the cast made is known now; what has gone since is named as it was seen
  const nonFinite = firstNonFinite(training, { ...second, seen, loss });
  return { ...decision, gradients: second, nonFinite, proven: false };
}

/** After the update: throws a `NonFiniteError` where the policy ends the run; counts the steps skipped. */
export function goOn(
  { plan, step, safety }: Training,
  { loss, gradientNorm, gradients, proven }: Decision,
  { nonFinite, updated }: { readonly nonFinite: NonFinite | null; readonly updated: boolean },
): void {
  if (nonFinite && plan.nonFinite !== 'continue') {
    const skips = plan.nonFinite === 'stop' ? 0 : safety.skipped + 1;
    const report = { step: step + 1, loss, gradientNorm, nonFinite, gradients, proven, skips };
    if (skips === 0 || skips >= (plan.skipLimit ?? SKIP_LIMIT)) throw nonFiniteError(report);
  }
  safety.skipped = updated ? 0 : safety.skipped + 1;
}
