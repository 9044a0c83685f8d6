/** @file The study for people: a table a question, and what held. */
import { each, page, table } from '../engine/markdown.ts';
import { figure, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimSection } from '../engine/statements.ts';
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
  const special = where(runs, { arm: 'overflowing' });
  return page(
    '# Instability, from an aged checkpoint',
    `The outliers are planted: after ${baseSteps} steps in BF16, one SwiGLU channel of each layer was given aligned gate and`,
    `up vectors that put out ${peak.toExponential()} on a rare byte (${JSON.stringify(String.fromCharCode(rare.byte))}, ${rare.count} in the text).`,
    `Then ${steps} steps in each recipe on the same batches, the rare byte in every ${spikeEvery}th only; activations ${activations}.`,
    `Gap: loss less that of \`bf16\` on the same batch; over the last ${half} steps, and the largest. Seeds ${seeds.join(', ')}.`,
    'It is a spike with partial recovery, not a divergence.',
    ...distinct(gaps, 'arm')
      .filter((arm) => arm !== 'overflowing')
      .flatMap((arm) => [`## ${arm}`, ...byRecipe(where(gaps, { arm }))]),
    ...section(special, [
      '## overflowing: casts of inputs and weights give NaN beyond their range',
      ...special.map(({ seed, recipe, broke, losses }) => {
        const end = broke
          ? `not finite at step ${broke.step} (${broke.where})`
          : `finite for ${losses.length} steps`;
        return `- seed ${seed}, ${recipe}: ${end}`;
      }),
    ]),
    ...section(doses, [
      '## Without training: mean gap by the output of the planted channels',
      ...table(distinct(doses, 'recipe'), [
        ['recipe', (recipe) => recipe],
        each(
          distinct(doses, 'peak'),
          (p) => p.toExponential(),
          (recipe, p) => sideBySide(where(doses, { recipe, peak: p }), (d) => figure(d.gap)),
        ),
      ]),
    ]),
    ...section(products, productSection(products, seeds)),
    ...claimSection(claims, figure),
    '## Planted channels',
    ...planted.map(
      (p) =>
        `- seed ${p.seed}, layer ${p.layer}: channel ${p.channel}, u·x ${figure(p.onRare, 2)} on the rare byte, ${figure(p.onOrdinary, 2)} (rms) elsewhere`,
    ),
  );
}

/** Nothing where there are no `rows` to tell of. */
const section = (rows: readonly unknown[], lines: readonly string[]): readonly string[] =>
  rows.length > 0 ? lines : [];

/** The product of `down` alone: a row a recipe and column, mean over the layers. */
function productSection(products: Results['products'], seeds: readonly number[]): string[] {
  return [
    '## One product of `down`: error of the tokens without the outlier',
    'SwiGLU outputs and weights of the base model, but for one channel that puts out the outlier on one token. Its column of',
    '`down` is ordinary (the median one, as it is) or small (the outlier adds 0.3 of the mean output), as the aged channels have it',
    'and as training leaves it. Casts take their scales from this product. Error: ‖y − exact‖ / ‖exact‖, mean over the layers.',
    'What `fp8-smooth` loses is the rounding of both operands to E4M3; 1 says that nothing of the other channels is left.',
    ...table(
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
    ),
    "`fp8-smooth` is the paper's equation: its figures bear on the claim that Smooth-SwiGLU restores convergence. No matrix unit",
    'runs it. `fp8-smooth-folded` is what one runs: its figures bear on the claim that smoothing costs nothing, and on convergence',
    "only as far as the outlier's column is small.",
  ];
}
