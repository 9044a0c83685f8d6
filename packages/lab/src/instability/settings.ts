/** @file The numbers of the instability study, as plain data. */
import { type AgeingSettings, ageing } from '../training/plan.ts';

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

const { model, batch, sequence, ...planted } = ageing;

export const fullStudy: InstabilitySettings = {
  ...{ model, batch, sequence, baseSteps: 800, steps: 96, ...planted },
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
