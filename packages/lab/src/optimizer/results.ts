/** @file Every optimizer's run beside FP32 moments on the same batches, and what became of its second moments. */
import { mean, sum } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { lastHalf, lastHalfMean, pairedGaps } from '../training/loop.ts';
import { BASELINE } from './arms.ts';
import { together } from './stalls.ts';
import type { OptimizerRun } from './train.ts';

/**
 * From untrained weights, from the aged checkpoint, from its control: rescaled alike, but with nothing planted; or from the
 * base as it was trained, at a low learning rate.
 */
export type Start = 'scratch' | 'aged' | 'rescaled' | 'slow';

export interface NamedRun extends OptimizerRun {
  readonly seed: number;
  readonly start: Start;
  readonly optimizer: string;
}

export type Comparison = ReturnType<typeof compare>[number];

export function compare(runs: readonly NamedRun[]) {
  return runs.map((run) => {
    const baseline = where(runs, { seed: run.seed, start: run.start, optimizer: BASELINE })[0]!;
    const gaps = pairedGaps(run.losses, baseline.losses);
    const { broke } = run;
    const largest = Math.max(...gaps.filter(Number.isFinite));
    return {
      ...run,
      /** Loss less that of FP32 moments on the same batch; NaN where one of them is not finite. */
      gaps,
      /** Mean over the last half of the steps; infinite for a run that broke, as is the largest. */
      lastGap: broke ? Number.POSITIVE_INFINITY : lastHalfMean(gaps, baseline.losses.length),
      largestGap: broke ? Number.POSITIVE_INFINITY : largest,
      /** Held-out loss at the end less that of FP32 moments; null where one of them is not finite. */
      heldOutGap: run.heldOut === null || baseline.heldOut === null ? null : run.heldOut - baseline.heldOut,
      /** The step of the largest gap, or the one that broke. */
      worstStep: broke?.step ?? gaps.indexOf(largest) + 1,
      /** Second moments at each sampled step, all matrices together. */
      stalls: distinct(run.moments, 'step').map((step) => ({
        step,
        ...together(where(run.moments, { step })),
      })),
    };
  });
}

/** Mean over the sampled steps of the last half, of the share of elements. */
export function lateShare({ stalls }: Comparison, of: 'stalled' | 'underflowed'): number | null {
  const late = lastHalf(stalls);
  return late.length === 0 ? null : mean(late.map((counts) => counts[of] / counts.elements));
}

/** Mean over the sampled steps of the last half, of the share of updates that the master weights lose. */
export function lateLost({ lost }: Comparison): number | null {
  const late = lastHalf(lost);
  return late.length === 0 ? null : mean(late.map(({ share }) => share));
}

/** How many times too large the second moments are at the last sampled step: a geometric mean. */
export function timesTooLarge({ stalls }: Comparison): number | null {
  const last = stalls.at(-1);
  return last ? 2 ** last.excess : null;
}

/** Bytes of state a parameter: as the device counts them, or where it stores otherwise as the formats have it. */
export const stateTotal = ({ bytes }: NamedRun): number =>
  sum(bytes.map(({ stored, onDevice }) => onDevice ?? stored));
