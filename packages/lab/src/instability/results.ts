/** @file What the study's parts gave, and the paired gaps: a recipe's loss less that of BF16 on the same batch. */
import { mean } from '../engine/numbers.ts';
import { where } from '../engine/rows.ts';
import type { PlantedChannel } from '../training/ageing.ts';
import { lastHalfMean, pairedGaps } from '../training/loop.ts';
import type { ProductError } from './product.ts';
import type { RecipeRun } from './train.ts';

/** `aged`: the study itself; the controls; `overflowing`: casts that do not saturate. */
export type Arm = 'aged' | 'rescaled' | 'unaligned' | 'overflowing';

/** A run as the tables know it. */
export interface NamedRun extends RecipeRun {
  readonly seed: number;
  readonly arm: Arm;
  readonly recipe: string;
}

export interface Dose {
  readonly seed: number;
  readonly peak: number;
  readonly recipe: string;
  readonly losses: readonly number[];
}

export interface Results {
  readonly runs: readonly NamedRun[];
  readonly doses: readonly Dose[];
  readonly products: readonly ProductError[];
  readonly planted: readonly ({ readonly seed: number } & PlantedChannel)[];
}

export type Gap = ReturnType<typeof gapsOf>[number];

export function gapsOf(runs: readonly NamedRun[], spikeEvery: number) {
  return runs.map(({ seed, arm, recipe, losses, broke }) => {
    const baseline = where(runs, { seed, arm, recipe: 'bf16' })[0]!.losses;
    const gaps = pairedGaps(losses, baseline);
    const unlessBroken = (value: number): number => (broke ? Number.POSITIVE_INFINITY : value);
    return {
      ...{ seed, arm, recipe, gaps, losses },
      /** Mean loss and gap over the last half of the steps; infinite for a run that broke. */
      lastLoss: unlessBroken(lastHalfMean(losses, baseline.length)),
      lastGap: unlessBroken(lastHalfMean(gaps, baseline.length)),
      largestGap: unlessBroken(Math.max(...gaps)),
      /** Mean gap over the steps before the first spike: what the channel costs without one. */
      quietGap: mean(gaps.slice(0, spikeEvery - 1)),
    };
  });
}

export type DoseGap = ReturnType<typeof doseGapsOf>[number];

/** Mean gap of every dose and recipe over its batches. */
export const doseGapsOf = (doses: readonly Dose[]) =>
  doses
    .filter(({ recipe }) => recipe !== 'bf16')
    .map(({ seed, peak, recipe, losses }) => {
      const baseline = where(doses, { seed, peak, recipe: 'bf16' })[0]!;
      return { seed, peak, recipe, gap: mean(pairedGaps(losses, baseline.losses)) };
    });
