/**
 * @file The instability study: why FP8 training breaks and what mends it, on a checkpoint whose outliers are planted in
 * the form that Theorem 1 of arXiv 2409.12517 gives.
 */

import { type Job, lazily, runJobs, seedJob } from '../engine/jobs.ts';
import type { Parts, Progress, Study, StudyOptions, StudyResult } from '../engine/study.ts';
import { type Aged, ageModel, rescaleModel, storedBase } from '../training/base.ts';
import { rareByte } from '../training/corpus.ts';
import { overflowing, protocolRecipe } from '../training/recipes.ts';
import type { Snapshot } from '../training/snapshot.ts';
import { forwardLosses } from './dose.ts';
import { findings } from './findings.ts';
import type { Laboratory } from './laboratory.ts';
import { type ProductError, productErrors } from './product.ts';
import type { Arm, Dose, Results } from './results.ts';
import { fullStudy, type InstabilitySettings, quickStudy } from './settings.ts';
import { type RecipeRun, trainRecipe } from './train-recipe.ts';

/** Z, margin and learning rate of the test with casts that do not saturate; nothing is rescaled there. */
const OVERFLOWING = { peak: 1e3, margin: 2, learningRate: 2e-4, warmup: 16 };
const OVERFLOWING_RECIPES = [
  'bf16',
  'fp8',
  'fp8-w3-bf16',
  'fp8-smooth',
  'fp8-smooth-folded',
  'fp8-smooth-token',
];

/** Runs what `parts` does not hold yet. Throws the signal's reason when it is aborted; finished parts are kept. */
export async function studyInstability(
  options: StudyOptions<InstabilitySettings>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<StudyResult> {
  const { settings, seeds, device, bytes, parts, signal } = options;
  const lab: Laboratory = { settings, device, bytes, rare: rareByte(bytes), signal };
  const jobs = seeds.flatMap((seed) => jobsOf(lab, parts, seed));
  return findings(settings, lab.rare, collect(await runJobs(jobs, parts, onProgress)));
}

/** The study by its name, `instability`. */
export const instability: Study<InstabilitySettings> = {
  summary: 'why FP8 training breaks and what mends it, on a checkpoint whose outliers are planted',
  full: fullStudy,
  quick: quickStudy,
  run: studyInstability,
};

function jobsOf(lab: Laboratory, parts: Parts, seed: number): Job[] {
  const { settings } = lab;
  const { steps, activations } = settings;
  const recipeOf = (name: string) => protocolRecipe(name, activations);

  // Made when the first unfinished part needs them, once.
  const base = lazily((onShare: (share: number) => void) => storedBase(lab, parts, seed, onShare));
  const ignore = (): void => {};
  const { peak, rescale } = settings;
  const aged = lazily(async () => ageModel(lab, await base(ignore), seed, { peak, rescale, aligned: true }));
  const starts: Record<Arm, (() => Promise<Snapshot>) & object> = {
    aged: async () => (await aged()).snapshot,
    rescaled: lazily(async () => rescaleModel(lab, await base(ignore))),
    unaligned: lazily(
      async () => (await ageModel(lab, await base(ignore), seed, { peak, rescale, aligned: false })).snapshot,
    ),
    overflowing: lazily(async () => {
      const options = { peak: OVERFLOWING.peak, rescale: 1, aligned: true };
      return (await ageModel(lab, await base(ignore), seed, options)).snapshot;
    }),
  };
  const job = (key: string, run: Job['run']): Job => seedJob(seed, key, run);
  const trained = (arm: Arm, recipe: string): Job =>
    job(`${arm}.${recipe}`, async (onShare) => {
      const special = arm === 'overflowing';
      const count = special ? settings.specialSteps : steps;
      return trainRecipe(lab, await starts[arm](), seed, {
        recipe: special ? overflowing(recipeOf(recipe), OVERFLOWING.margin) : recipeOf(recipe),
        steps: count,
        ...(special ? { learningRate: OVERFLOWING.learningRate, warmup: OVERFLOWING.warmup } : {}),
        onStep: (step) => onShare(step / count),
      });
    });
  return [
    job('base', async (onShare) => {
      await base(onShare);
      return {};
    }),
    job('planted', async () => (await aged()).planted),
    ...settings.recipes.map((recipe) => trained('aged', recipe)),
    ...settings.controls.flatMap((arm) =>
      ['bf16', ...settings.controlRecipes].map((recipe) => trained(arm, recipe)),
    ),
    ...settings.doses.map((dose) =>
      job(`dose.${dose}`, async (onShare) => {
        const options = { peak: dose, rescale: 1, aligned: true };
        const { snapshot } = await ageModel(lab, await base(ignore), seed, options);
        const names = ['bf16', ...settings.doseRecipes];
        const doses: Dose[] = [];
        for (const [i, recipe] of names.entries()) {
          const losses = await forwardLosses(lab, snapshot, seed, recipeOf(recipe));
          doses.push({ seed, peak: dose, recipe, losses });
          onShare((i + 1) / names.length);
        }
        return doses;
      }),
    ),
    ...(settings.outliers.length > 0
      ? [job('product', async (onShare) => productErrors(lab, await base(ignore), seed, onShare))]
      : []),
    ...(settings.specialSteps > 0 ? OVERFLOWING_RECIPES : []).map((recipe) => trained('overflowing', recipe)),
  ];
}

function collect(results: ReadonlyMap<string, unknown>): Results {
  const arms: readonly string[] = ['aged', 'rescaled', 'unaligned', 'overflowing'];
  const all = [...results].map(([key, result]) => {
    const [seed, kind, recipe] = key.split('.');
    return { seed: Number(seed!.slice('seed-'.length)), kind: kind!, recipe: recipe ?? '', result };
  });
  return {
    runs: all
      .filter(({ kind }) => arms.includes(kind))
      .map(({ seed, kind, recipe, result }) => ({
        ...(result as RecipeRun),
        seed,
        arm: kind as Arm,
        recipe,
      })),
    doses: all.filter(({ kind }) => kind === 'dose').flatMap(({ result }) => result as Dose[]),
    products: all.filter(({ kind }) => kind === 'product').flatMap(({ result }) => result as ProductError[]),
    planted: all
      .filter(({ kind }) => kind === 'planted')
      .flatMap(({ seed, result }) => (result as Aged['planted']).map((planted) => ({ seed, ...planted }))),
  };
}
