/** @file The numbers of the instability study, as plain data. */

import type { LlamaConfig } from '@octavo/llama';
import type { TrainPlan } from '@octavo/trainer';
import { studyModel } from '../training/model.ts';
import { protocolRecipe } from '../training/recipes.ts';

/** What every study on aged checkpoints is told. */
export interface AgeingSettings {
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
  /** Steps of base training, in BF16. */
  readonly baseSteps: number;
  /** Steps of each recipe from the aged checkpoint, and from one spike to the next. */
  readonly steps: number;
  readonly spikeEvery: number;
  readonly learningRate: number;
  /** Z: output of the planted channels on the rare byte. */
  readonly peak: number;
  /** Other channels' up rows are divided by it, their down columns multiplied: a power of two, so exactly. */
  readonly rescale: number;
  /** Activations between the quantised products. */
  readonly activations: 'bf16' | 'fp32';
}

export interface InstabilitySettings extends AgeingSettings {
  readonly recipes: readonly string[];
  /** Recipes that each control is run in, beside `bf16`. */
  readonly controlRecipes: readonly string[];
  readonly controls: readonly ('rescaled' | 'unaligned')[];
  /** Peaks of the dose-response without training. */
  readonly doses: readonly number[];
  readonly doseRecipes: readonly string[];
  /** Outputs of one channel on one token in the test of `down`'s product alone. */
  readonly outliers: readonly number[];
  readonly productRecipes: readonly string[];
  /** Steps of the test with casts that do not saturate; 0: none. */
  readonly specialSteps: number;
}

export const fullStudy: InstabilitySettings = {
  model: studyModel,
  batch: 16,
  sequence: 64,
  baseSteps: 800,
  steps: 96,
  spikeEvery: 24,
  learningRate: 2e-5,
  peak: 1e5,
  rescale: 32,
  activations: 'bf16',
  recipes: [
    'bf16',
    'fp8',
    'fp8-240',
    'fp8-current',
    'fp8-w3-bf16',
    'fp8-smooth',
    'fp8-smooth-folded',
    'fp8-smooth-token',
    'fp8-full',
    'fp8-block',
    'mxfp8',
  ],
  controls: ['rescaled', 'unaligned'],
  controlRecipes: ['fp8'],
  doses: [1e5, 3e5, 1e6, 3e6, 1e8],
  doseRecipes: ['fp8', 'fp8-current', 'fp8-smooth', 'fp8-smooth-folded'],
  outliers: [1e3, 1e5, 1e7],
  productRecipes: ['fp8', 'fp8-smooth', 'fp8-smooth-folded'],
  specialSteps: 100,
};

const { model, batch, sequence, spikeEvery, learningRate, peak, rescale, activations } = fullStudy;

/** The study's model, ageing and timing of spikes, for others that begin with an aged checkpoint. */
export const ageing = { model, batch, sequence, spikeEvery, learningRate, peak, rescale, activations };

/** What shows the failure and its cures, on a base of half the steps. */
export const quickStudy: InstabilitySettings = {
  ...fullStudy,
  baseSteps: 400,
  recipes: [
    'bf16',
    'fp8',
    'fp8-240',
    'fp8-w3-bf16',
    'fp8-smooth',
    'fp8-smooth-folded',
    'fp8-smooth-token',
    'fp8-full',
  ],
  controls: ['rescaled'],
  doses: [1e5, 1e6],
  specialSteps: 0,
};

const common = {
  accumulation: 1,
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  clip: 1,
  nonFinite: 'continue',
  checkpointEvery: 0,
  keepCheckpoints: 0,
  evaluateEvery: 0,
} as const;

/** Base training: 3e-3 after 50 steps of warm-up, then a cosine to 10 %. */
export const basePlan = (settings: InstabilitySettings, seed: number): TrainPlan => ({
  ...common,
  model: settings.model,
  recipe: protocolRecipe('bf16', settings.activations),
  batch: settings.batch,
  sequence: settings.sequence,
  steps: settings.baseSteps,
  seed,
  schedule: { kind: 'cosine', peak: 3e-3, warmup: 50, steps: settings.baseSteps, floor: 0.1 },
  sampleEvery: 0,
});

/** The run from an aged checkpoint: a constant learning rate, statistics at every step. */
export const runPlan = (
  settings: InstabilitySettings,
  seed: number,
  recipe: TrainPlan['recipe'],
  changes: { steps?: number; learningRate?: number } = {},
): TrainPlan => ({
  ...basePlan(settings, seed),
  recipe,
  steps: changes.steps ?? settings.steps,
  schedule: { kind: 'constant', peak: changes.learningRate ?? settings.learningRate, warmup: 0 },
  sampleEvery: 1,
});
