/** @file What the runs of natural training say, by point of the grid and seed. */
import { mean } from '../engine/numbers.ts';
import { pairedGaps } from '../training/loop.ts';
import type { AlignmentSettings, NaturalPlan, Point } from './settings.ts';
import type { NeuronRun } from './theorem.ts';
import type { NaturalRun, Sample } from './train.ts';

export interface NamedNatural extends NaturalRun, NaturalPlan {}

export interface NamedNeuron extends NeuronRun {
  readonly seed: number;
}

export interface Results {
  readonly natural: readonly NamedNatural[];
  readonly neurons: readonly NamedNeuron[];
}

/** The runs of one point and arm, a run a seed. */
export const runsAt = (
  natural: readonly NamedNatural[],
  { decay, rate }: Point,
  arm: NaturalPlan['arm'] = 'bf16',
): NamedNatural[] => natural.filter((run) => run.decay === decay && run.rate === rate && run.arm === arm);

/** The last look at a layer. */
export const lastSample = ({ samples }: NaturalRun, layer: number): Sample =>
  samples.findLast((sample) => sample.layer === layer)!;

/** Loss of `arm` less that of `bf16` on the same batch at the compared point, by seed and step; NaN where either is none. */
export function gapsOf(
  { compared }: AlignmentSettings,
  natural: readonly NamedNatural[],
  arm: NaturalPlan['arm'],
): { readonly seed: number; readonly gaps: readonly number[] }[] {
  return runsAt(natural, compared, arm).map(({ seed, losses }) => {
    const base = runsAt(natural, compared).find((run) => run.seed === seed)!;
    return {
      seed,
      gaps: pairedGaps(losses, base.losses),
    };
  });
}

/** Steps at a run's end that a mean is taken over. */
export const lastSteps = ({ steps }: AlignmentSettings): number => Math.max(1, Math.floor(steps / 4));

/** Mean over the last quarter of the steps. */
export const lastGap = (settings: AlignmentSettings, gaps: readonly number[]): number =>
  mean(gaps.slice(-lastSteps(settings)));

/** Steps that delayed scaling looks back on. */
export const HISTORY = 16;

/** Largest SwiGLU output of a step over the largest of the 16 before, after warm-up: over 1, a delayed scale clips it. */
export function largestJump({ peaks }: NaturalRun, warmup: number): number {
  let most = 0;
  for (const layer of peaks)
    for (let i = Math.max(warmup, 1); i < layer.length; i++)
      most = Math.max(most, layer[i]! / Math.max(...layer.slice(Math.max(0, i - HISTORY), i)));
  return most;
}
