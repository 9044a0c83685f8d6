/** @file The recipes study: held-out loss of every named recipe against BF16 at equal steps, weights and batches. */
import { type Row, tableOf } from '../engine/rows.ts';
import { held } from '../engine/statements.ts';
import { runJobs, type Study, type StudyResult, seedJob } from '../engine/study.ts';
import { splitText } from '../training/corpus.ts';
import { chartsOf } from './charts.ts';
import { commonestWord, passagesOf } from './last-word.ts';
import { compare, type NamedRun, trainingGaps } from './results.ts';
import { armsOf, fullRecipes, quickRecipes, type RecipesSettings } from './settings.ts';
import { statementsOf } from './statements.ts';
import { markdownOf } from './text.ts';
import { type ArmRun, type RecipesLaboratory, trainArm } from './train.ts';

/** Without `heldOut` the last tenth of `bytes` is held out. */
export const recipes: Study<RecipesSettings> = {
  summary: 'held-out loss of every recipe against bf16 from scratch, with standard errors',
  full: fullRecipes,
  quick: quickRecipes,
  async run(options, onProgress) {
    const { settings, seeds, device, parts, signal } = options;
    const { train, heldOut } = splitText(options);
    const passages = passagesOf(heldOut, settings.sequence, settings.passages);
    const lab: RecipesLaboratory = { settings, device, bytes: train, heldOut, passages, signal };
    const arms = armsOf(settings);
    const jobs = seeds.flatMap((seed) =>
      arms.map((arm) => seedJob(seed, [arm.name], (onShare) => trainArm(lab, seed, arm, onShare))),
    );
    const runs = (await runJobs(jobs, parts, onProgress)).map(
      ({ seed, words: [arm], result }): NamedRun => ({ ...(result as ArmRun), seed, arm: arm! }),
    );
    const corpus = { commonest: commonestWord(train, passages), passages: passages.length };
    return findings(settings, runs, corpus);
  },
};

function findings(
  settings: RecipesSettings,
  runs: readonly NamedRun[],
  corpus: Parameters<typeof markdownOf>[3],
): StudyResult {
  const comparisons = compare(runs);
  const every = Math.max(1, Math.round(settings.steps / 30));
  const claims = held(statementsOf(comparisons), runs);
  return {
    tables: {
      recipes: tableOf(
        `seed int, recipe text, heldOut number, gap number, accuracy number, accuracyGap number,
         wordLoss number, notFinite int, brokeAt int`,
        comparisons.flatMap((c) =>
          c.seeds.map(
            (seed, i): Row => ({
              ...{ seed, recipe: c.arm, heldOut: c.heldOut[i]!, gap: c.gaps[i]! },
              ...{ accuracy: c.accuracy[i]!, accuracyGap: c.accuracyGaps[i]!, wordLoss: c.wordLoss[i]! },
              ...{ notFinite: c.notFinite[i]!, brokeAt: c.broke[i]?.step ?? null },
            }),
          ),
        ),
      ),
      losses: tableOf(
        'seed int, recipe text, step int, loss number',
        runs.flatMap(({ seed, arm, losses }) =>
          losses.map((loss, i): Row => ({ seed, recipe: arm, step: i + 1, loss })),
        ),
      ),
    },
    charts: chartsOf(comparisons, trainingGaps(runs, every), every),
    summary: { claims, markdown: markdownOf(settings, comparisons, claims, corpus) },
  };
}
