/** @file The numbers of the recipes study, as plain data. */
import type { LlamaConfig } from '@octavo/llama';
import { type Recipe, recipeOf, recipes } from '@octavo/nn';
import type { TrainPlan } from '@octavo/trainer';
import { planOf, studyModel } from '../training/plan.ts';

export interface RecipesSettings {
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
  readonly steps: number;
  /** Learning rate: `warmup` steps up to `learningRate`, then a cosine to a tenth of it. */
  readonly learningRate: number;
  readonly warmup: number;
  /** `bf16` is always run: all others are compared with it. */
  readonly recipes: readonly string[];
  /** Windows of held-out text, and passages whose last word is to be spelled. */
  readonly windows: number;
  readonly passages: number;
}

/** Every named recipe. */
export const fullRecipes: RecipesSettings = {
  model: studyModel,
  batch: 12,
  sequence: 64,
  steps: 300,
  learningRate: 3e-3,
  warmup: 30,
  recipes: Object.keys(recipes),
  windows: 1024,
  passages: 1000,
};

/** Every recipe still, a quarter of the steps. */
export const quickRecipes: RecipesSettings = {
  ...fullRecipes,
  steps: 75,
  warmup: 15,
  windows: 256,
  passages: 250,
};

/** What an arm of the study trains with. */
export interface Arm {
  readonly name: string;
  readonly recipe: Recipe;
  /** True: the starting weights are moved by as much as one rounding to BF16 moves them. */
  readonly nudged: boolean;
}

/** The arm that shows what rounding alone does: BF16 again, from weights that differ by one rounding. */
export const NUDGED = 'bf16-nudged';

/** `bf16` first, then its nudged twin, then the others in the order of the settings. */
export const armsOf = ({ recipes: names }: RecipesSettings): Arm[] => [
  { name: 'bf16', recipe: recipeOf('bf16'), nudged: false },
  { name: NUDGED, recipe: recipeOf('bf16'), nudged: true },
  ...names.filter((name) => name !== 'bf16').map((name) => ({ name, recipe: recipeOf(name), nudged: false })),
];

export const recipePlan = (settings: RecipesSettings, seed: number, recipe: Recipe): TrainPlan => {
  const { steps, learningRate, warmup } = settings;
  const schedule = { kind: 'cosine', peak: learningRate, warmup, steps, floor: 0.1 } as const;
  return planOf(settings, { recipe, steps, seed, schedule });
};
