/** @file The numbers of the alignment study, as plain data. */
import type { LlamaConfig } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import type { TrainPlan } from '@octavo/trainer';
import { planOf, studyModel } from '../training/plan.ts';

/** Weight decay (on matrices) and learning rate of a run. */
export interface Point {
  readonly decay: number;
  readonly rate: number;
}

export interface AlignmentSettings {
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
  /** Steps of every run: the learning rate rises for `warmup` steps and then stays. */
  readonly steps: number;
  readonly warmup: number;
  /** Steps between looks at the weights. */
  readonly sampleEvery: number;
  /** The grid, each point in `bf16`. */
  readonly decays: readonly number[];
  readonly rates: readonly number[];
  /** The point of the grid that is also run in `fp8`, and in `bf16` from weights moved by one rounding. */
  readonly compared: Point;
  /** Most iterations of a single neuron towards its stationary point. */
  readonly iterations: number;
}

export const fullAlignment: AlignmentSettings = {
  model: studyModel,
  batch: 8,
  sequence: 64,
  steps: 400,
  warmup: 50,
  sampleEvery: 20,
  decays: [0, 0.1, 1],
  rates: [1e-3, 3e-3, 6e-3],
  compared: { decay: 1, rate: 6e-3 },
  iterations: 500_000,
};

/** The ends of the grid, three quarters of the steps. */
export const quickAlignment: AlignmentSettings = {
  ...fullAlignment,
  steps: 300,
  decays: [0, 1],
  rates: [1e-3, 6e-3],
};

/** What a run trains with, beside its point. `bf16-nudged`: from weights moved by one rounding to BF16. */
export type Arm = 'bf16' | 'fp8' | 'bf16-nudged';

export interface NaturalPlan extends Point {
  readonly seed: number;
  readonly arm: Arm;
}

/** The grid, decay by decay, then what is compared. */
export const plansOf = ({ decays, rates, compared }: AlignmentSettings, seed: number): NaturalPlan[] => [
  ...decays.flatMap((decay) => rates.map((rate): NaturalPlan => ({ seed, decay, rate, arm: 'bf16' }))),
  { seed, ...compared, arm: 'fp8' },
  { seed, ...compared, arm: 'bf16-nudged' },
];

export const trainPlanOf = (
  settings: AlignmentSettings,
  { seed, decay, rate, arm }: NaturalPlan,
): TrainPlan =>
  planOf(settings, {
    recipe: recipeOf(arm === 'fp8' ? 'fp8' : 'bf16'),
    ...{ steps: settings.steps, seed, weightDecay: decay },
    schedule: { kind: 'constant', peak: rate, warmup: settings.warmup },
  });
