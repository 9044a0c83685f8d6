/** @file Paired gaps: a recipe's loss less that of BF16 on the same batch. */
import { mean } from '../engine/numbers.ts';
import { lastHalfMean, pairedGaps } from '../training/gaps.ts';
import type { Dose, NamedRun } from './results.ts';

export interface Gap {
  readonly seed: number;
  readonly arm: NamedRun['arm'];
  readonly recipe: string;
  readonly gaps: readonly number[];
  readonly losses: readonly number[];
  /** Mean loss and gap over the last half of the steps; infinite for a run that broke. */
  readonly lastLoss: number;
  readonly lastGap: number;
  readonly largestGap: number;
  /** Mean gap over the steps before the first spike: what the channel costs without one. */
  readonly quietGap: number;
}

export function gapsOf(runs: readonly NamedRun[], spikeEvery: number): Gap[] {
  return runs.map(({ seed, arm, recipe, losses, broke }) => {
    const baseline = runs.find(
      (run) => run.seed === seed && run.arm === arm && run.recipe === 'bf16',
    )!.losses;
    const gaps = pairedGaps(losses, baseline);
    const unlessBroken = (value: number): number => (broke ? Number.POSITIVE_INFINITY : value);
    return {
      ...{ seed, arm, recipe, gaps, losses },
      lastLoss: unlessBroken(lastHalfMean(losses, baseline.length)),
      lastGap: unlessBroken(lastHalfMean(gaps, baseline.length)),
      largestGap: unlessBroken(Math.max(...gaps)),
      quietGap: mean(gaps.slice(0, spikeEvery - 1)),
    };
  });
}

export interface DoseGap {
  readonly seed: number;
  readonly peak: number;
  readonly recipe: string;
  readonly gap: number;
}

/** Mean gap of every dose and recipe over its batches. */
export const doseGapsOf = (doses: readonly Dose[]): DoseGap[] =>
  doses
    .filter(({ recipe }) => recipe !== 'bf16')
    .map(({ seed, peak, recipe, losses }) => {
      const baseline = doses.find((d) => d.seed === seed && d.peak === peak && d.recipe === 'bf16')!;
      return { seed, peak, recipe, gap: mean(pairedGaps(losses, baseline.losses)) };
    });
