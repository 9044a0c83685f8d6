/** @file The study for people: a table a question, and what held. */
import { each, pageOf, table } from '../engine/markdown.ts';
import { figure, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { RareByte } from '../training/corpus.ts';
import { columns, meanError } from './product.ts';
import type { DoseGap, Gap, Results } from './results.ts';
import type { InstabilitySettings } from './settings.ts';

export function markdownOf(
  settings: InstabilitySettings,
  rare: RareByte,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  claims: readonly Claim[],
  { planted, products, runs }: Results,
): string {
  const seeds = distinct(gaps, 'seed');
  const { steps, baseSteps, activations, peak, spikeEvery } = settings;
  const half = steps - Math.floor(steps / 2);
  const cells =
    (own: readonly Gap[], key: 'lastLoss' | 'lastGap' | 'largestGap' | 'quietGap') =>
    (recipe: string): string =>
      sideBySide(seeds, (seed) =>
        where(own, { recipe, seed })
          .map((g) => figure(g[key]))
          .join(),
      );
  const byRecipe = (own: readonly Gap[]): string[] =>
    table(distinct(own, 'recipe'), [
      ['recipe', (recipe) => recipe],
      [`loss, last ${half}`, cells(own, 'lastLoss')],
      [`gap, last ${half}`, cells(own, 'lastGap')],
      ['largest gap', cells(own, 'largestGap')],
      ['gap before the first spike', cells(own, 'quietGap')],
    ]);
  return pageOf('instability', {
    ...{
      baseSteps,
      steps,
      spikeEvery,
      activations,
      half,
      peak: peak.toExponential(),
      seeds: seeds.join(', '),
    },
    ...{ rareByte: JSON.stringify(String.fromCharCode(rare.byte)), rareCount: rare.count },
    arms: distinct(gaps, 'arm')
      .filter((arm) => arm !== 'overflowing')
      .flatMap((arm) => [`## ${arm}`, '', ...byRecipe(where(gaps, { arm })), '']),
    overflowing: where(runs, { arm: 'overflowing' }).map(({ seed, recipe, broke, losses }) => {
      const end = broke
        ? `not finite at step ${broke.step} (${broke.where})`
        : `finite for ${losses.length} steps`;
      return `- seed ${seed}, ${recipe}: ${end}`;
    }),
    doses: doses.length === 0 ? [] : doseTable(doses),
    products: products.length === 0 ? [] : productTable(products, seeds),
    claims: claimLines(claims, figure),
    planted: planted.map(
      (p) =>
        `- seed ${p.seed}, layer ${p.layer}: channel ${p.channel}, u·x ${figure(p.onRare, 2)} on the rare byte, ${figure(p.onOrdinary, 2)} (rms) elsewhere`,
    ),
  });
}

const doseTable = (doses: readonly DoseGap[]): string[] =>
  table(distinct(doses, 'recipe'), [
    ['recipe', (recipe) => recipe],
    each(
      distinct(doses, 'peak'),
      (peak) => peak.toExponential(),
      (recipe, peak) => sideBySide(where(doses, { recipe, peak }), ({ gap }) => figure(gap)),
    ),
  ]);

/** The product of `down` alone: a row a recipe and column, mean over the layers. */
const productTable = (products: Results['products'], seeds: readonly number[]): string[] =>
  table(
    columns.flatMap((column) => distinct(products, 'recipe').map((recipe) => ({ column, recipe }))),
    [
      ['column', ({ column }) => column],
      ['recipe', ({ recipe }) => recipe],
      each(
        distinct(products, 'outlier'),
        (outlier) => outlier.toExponential(),
        (row, outlier) =>
          sideBySide(seeds, (seed) => meanError(products, { ...row, seed, outlier }).toFixed(3)),
      ),
    ],
  );
