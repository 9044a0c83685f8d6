/** @file The study for people: a table a question, and what held. */
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { RareByte } from '../training/corpus.ts';
import type { DoseGap, Gap } from './gaps.ts';
import { columns, meanError } from './product.ts';
import type { Results } from './results.ts';
import type { InstabilitySettings } from './settings.ts';

export function markdownOf(
  settings: InstabilitySettings,
  rare: RareByte,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  claims: readonly Claim[],
  { planted, products, runs }: Results,
): string {
  const seeds = [...new Set(gaps.map(({ seed }) => seed))];
  const { steps, baseSteps, activations, peak, spikeEvery } = settings;
  const half = steps - Math.floor(steps / 2);
  const number = (value: number | undefined, digits = 4): string =>
    value === undefined ? '' : Number.isFinite(value) ? value.toFixed(digits) : 'broke';
  const arms = [...new Set(gaps.map(({ arm }) => arm))];
  const lines = [
    '# Instability, from an aged checkpoint',
    '',
    `The outliers are planted: after ${baseSteps} steps in BF16, one SwiGLU channel of each layer was given aligned gate and`,
    `up vectors that put out ${peak.toExponential()} on a rare byte (${JSON.stringify(String.fromCharCode(rare.byte))}, ${rare.count} in the text).`,
    `Then ${steps} steps in each recipe on the same batches, the rare byte in every ${spikeEvery}th only; activations ${activations}.`,
    `Gap: loss less that of \`bf16\` on the same batch; over the last ${half} steps, and the largest. Seeds ${seeds.join(', ')}.`,
    'It is a spike with partial recovery, not a divergence.',
  ];
  for (const arm of arms.filter((a) => a !== 'overflowing')) {
    lines.push(
      '',
      `## ${arm}`,
      '',
      `| recipe | loss, last ${half} | gap, last ${half} | largest gap | gap before the first spike |`,
      '| --- | --- | --- | --- | --- |',
    );
    for (const recipe of [...new Set(gaps.filter((g) => g.arm === arm).map((g) => g.recipe))]) {
      const own = seeds.map((seed) =>
        gaps.find((g) => g.arm === arm && g.recipe === recipe && g.seed === seed),
      );
      const cell = (key: 'lastLoss' | 'lastGap' | 'largestGap' | 'quietGap') =>
        own.map((g) => number(g?.[key])).join(' / ');
      lines.push(
        `| ${recipe} | ${cell('lastLoss')} | ${cell('lastGap')} | ${cell('largestGap')} | ${cell('quietGap')} |`,
      );
    }
  }
  const special = runs.filter(({ arm }) => arm === 'overflowing');
  if (special.length > 0) {
    lines.push('', '## overflowing: casts of inputs and weights give NaN beyond their range', '');
    for (const { seed, recipe, broke, losses } of special)
      lines.push(
        `- seed ${seed}, ${recipe}: ${broke ? `not finite at step ${broke.step} (${broke.where})` : `finite for ${losses.length} steps`}`,
      );
  }
  if (doses.length > 0) {
    const peaks = [...new Set(doses.map((d) => d.peak))];
    lines.push(
      '',
      '## Without training: mean gap by the output of the planted channels',
      '',
      `| recipe | ${peaks.map((p) => p.toExponential()).join(' | ')} |`,
      `| --- |${peaks.map(() => ' --- |').join('')}`,
    );
    for (const recipe of [...new Set(doses.map((d) => d.recipe))]) {
      const cells = peaks.map((p) =>
        doses
          .filter((d) => d.recipe === recipe && d.peak === p)
          .map((d) => number(d.gap))
          .join(' / '),
      );
      lines.push(`| ${recipe} | ${cells.join(' | ')} |`);
    }
  }
  if (products.length > 0) lines.push('', ...productSection(products, seeds));
  lines.push(...claimSection(claims, (v) => number(v)));
  lines.push('', '## Planted channels', '');
  for (const p of planted)
    lines.push(
      `- seed ${p.seed}, layer ${p.layer}: channel ${p.channel}, u·x ${number(p.onRare, 2)} on the rare byte, ${number(p.onOrdinary, 2)} (rms) elsewhere`,
    );
  return `${lines.join('\n')}\n`;
}

/** The product of `down` alone: a row a recipe and column, mean over the layers. */
function productSection(products: Results['products'], seeds: readonly number[]): string[] {
  const outliers = [...new Set(products.map(({ outlier }) => outlier))];
  const recipes = [...new Set(products.map(({ recipe }) => recipe))];
  const cell = (recipe: string, column: (typeof columns)[number], outlier: number): string =>
    seeds.map((seed) => meanError(products, { seed, recipe, column, outlier }).toFixed(3)).join(' / ');
  return [
    '## One product of `down`: error of the tokens without the outlier',
    '',
    'SwiGLU outputs and weights of the base model, but for one channel that puts out the outlier on one token. Its column of',
    '`down` is ordinary (the median one, as it is) or small (the outlier adds 0.3 of the mean output), as the aged channels have it',
    'and as training leaves it. Casts take their scales from this product. Error: ‖y − exact‖ / ‖exact‖, mean over the layers.',
    'What `fp8-smooth` loses is the rounding of both operands to E4M3; 1 says that nothing of the other channels is left.',
    '',
    `| column | recipe | ${outliers.map((outlier) => outlier.toExponential()).join(' | ')} |`,
    `| --- | --- |${outliers.map(() => ' --- |').join('')}`,
    ...columns.flatMap((column) =>
      recipes.map(
        (recipe) =>
          `| ${column} | ${recipe} | ${outliers.map((outlier) => cell(recipe, column, outlier)).join(' | ')} |`,
      ),
    ),
    '',
    "`fp8-smooth` is the paper's equation: its figures bear on the claim that Smooth-SwiGLU restores convergence. No matrix unit",
    'runs it. `fp8-smooth-folded` is what one runs: its figures bear on the claim that smoothing costs nothing, and on convergence',
    "only as far as the outlier's column is small.",
  ];
}
