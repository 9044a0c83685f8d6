/**
 * @file The instability study: why FP8 training breaks and what mends it, on a checkpoint whose outliers are planted in
 * the form that Theorem 1 of arXiv 2409.12517 gives.
 */
import { tableOf } from '../engine/rows.ts';
import { held } from '../engine/statements.ts';
import {
  type Done,
  type Job,
  lazily,
  type Parts,
  resultsOf,
  runJobs,
  type Study,
  type StudyResult,
  seedJob,
} from '../engine/study.ts';
import { ageModel } from '../training/aged-model.ts';
import type { PlantedChannel } from '../training/ageing.ts';
import type { RareByte } from '../training/corpus.ts';
import { type BaseLaboratory, baseLaboratory } from '../training/plan.ts';
import { overflowing, protocolRecipe } from '../training/recipes.ts';
import type { Snapshot } from '../training/snapshot.ts';
import { startsOf } from '../training/starts.ts';
import { chartsOf } from './charts/index.ts';
import { type ProductError, productErrors } from './product.ts';
import { type Arm, type Dose, doseGapsOf, gapsOf, type Results } from './results.ts';
import { fullStudy, type InstabilitySettings, quickStudy } from './settings.ts';
import { statementsOf } from './statements.ts';
import { markdownOf } from './text.ts';
import { forwardLosses, type RecipeRun, trainRecipe } from './train.ts';

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

export const instability: Study<InstabilitySettings> = {
  summary: 'why FP8 training breaks and what mends it, on a checkpoint whose outliers are planted',
  full: fullStudy,
  quick: quickStudy,
  async run(options, onProgress) {
    const { settings, seeds, bytes, parts } = options;
    const lab = baseLaboratory(options, bytes);
    const jobs = seeds.flatMap((seed) => jobsOf(lab, parts, seed));
    return findings(settings, lab.rare, collect(await runJobs(jobs, parts, onProgress)));
  },
};

function findings(settings: InstabilitySettings, rare: RareByte, results: Results): StudyResult {
  const gaps = gapsOf(results.runs, settings.spikeEvery);
  const doses = doseGapsOf(results.doses);
  const claims = held(statementsOf(settings, results.products), { ...results, gaps });
  return {
    tables: {
      losses: tableOf(
        'seed int, arm text, recipe text, step int, loss number, gap number',
        gaps.flatMap((run) => run.losses.map((loss, i) => ({ ...run, step: i + 1, loss, gap: run.gaps[i] }))),
      ),
      casts: tableOf(
        `seed int, arm text, recipe text, step int, layer int, amax number, overflows number,
         underflows number`,
        results.runs.flatMap((run) => run.casts.map((cast) => ({ ...run, ...cast }))),
      ),
      doses: tableOf('seed int, peak number, recipe text, gap number', doses),
      products: tableOf(
        'seed int, layer int, column text, outlier number, recipe text, error number',
        results.products,
      ),
      planted: tableOf(
        'seed int, layer int, channel int, alpha number, onRare number, onOrdinary number',
        results.planted,
      ),
    },
    charts: chartsOf(settings, gaps, doses, results),
    summary: { claims, markdown: markdownOf(settings, rare, gaps, doses, claims, results) },
  };
}

function jobsOf(lab: BaseLaboratory<InstabilitySettings>, parts: Parts, seed: number): Job[] {
  const { settings } = lab;
  const { peak, rescale, activations } = settings;
  const recipeOf = (name: string) => protocolRecipe(name, activations);
  const { base, aged, rescaled, job: baseJob } = startsOf(lab, parts, seed);
  const planted = async (options: Parameters<typeof ageModel>[3]): Promise<Snapshot> =>
    (await ageModel(lab, await base(), seed, options)).snapshot;
  const starts: Record<Arm, () => Promise<Snapshot>> = {
    aged: async () => (await aged()).snapshot,
    rescaled,
    unaligned: lazily(() => planted({ peak, rescale, aligned: false })),
    overflowing: lazily(() => planted({ peak: OVERFLOWING.peak, rescale: 1, aligned: true })),
  };
  const trained = (arm: Arm, name: string): Job =>
    seedJob(seed, [arm, name], async (onShare) => {
      const recipe = recipeOf(name);
      const options =
        arm === 'overflowing'
          ? {
              ...OVERFLOWING,
              steps: settings.specialSteps,
              recipe: overflowing(recipe, OVERFLOWING.margin),
            }
          : { recipe };
      return trainRecipe(lab, await starts[arm](), seed, { ...options, onShare });
    });
  const dosed = (peak: number): Job =>
    seedJob(seed, ['dose', String(peak)], async (onShare) => {
      const snapshot = await planted({ peak, rescale: 1, aligned: true });
      const names = ['bf16', ...settings.doseRecipes];
      const doses: Dose[] = [];
      for (const recipe of names) {
        const losses = await forwardLosses(lab, snapshot, seed, recipeOf(recipe));
        doses.push({ seed, peak, recipe, losses });
        onShare(doses.length / names.length);
      }
      return doses;
    });
  const product = seedJob(seed, ['product'], async (onShare) =>
    productErrors(lab, await base(), seed, onShare),
  );
  return [
    baseJob,
    seedJob(seed, ['planted'], async () => (await aged()).planted),
    ...settings.recipes.map((recipe) => trained('aged', recipe)),
    ...settings.controls.flatMap((arm) =>
      ['bf16', ...settings.controlRecipes].map((recipe) => trained(arm, recipe)),
    ),
    ...settings.doses.map(dosed),
    ...(settings.outliers.length > 0 ? [product] : []),
    ...(settings.specialSteps > 0 ? OVERFLOWING_RECIPES : []).map((recipe) => trained('overflowing', recipe)),
  ];
}

const collect = (done: readonly Done[]): Results => ({
  runs: resultsOf<RecipeRun>(done, 'aged', 'rescaled', 'unaligned', 'overflowing').map(
    ({ seed, kind, of, result }) => ({ ...result, seed, arm: kind as Arm, recipe: of }),
  ),
  doses: resultsOf<Dose[]>(done, 'dose').flatMap(({ result }) => result),
  products: resultsOf<ProductError[]>(done, 'product').flatMap(({ result }) => result),
  planted: resultsOf<PlantedChannel[]>(done, 'planted').flatMap(({ seed, result }) =>
    result.map((planted) => ({ seed, ...planted })),
  ),
});
