/** @file The study for people: a table a question, and what held. */

import { countParameters } from '@octavo/llama';
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { Comparison } from './results.ts';
import { NUDGED, type RecipesSettings } from './settings.ts';

export interface Corpus {
  readonly commonest: { readonly word: string; readonly right: number };
  readonly passages: number;
}

export function markdownOf(
  settings: RecipesSettings,
  comparisons: readonly Comparison[],
  claims: readonly Claim[],
  corpus: Corpus,
): string {
  const { steps, batch, sequence, model, windows, learningRate } = settings;
  const seeds = comparisons[0]!.seeds;
  return `${[
    '# Every recipe against bf16',
    '',
    `From scratch: ${steps} steps of ${batch} × ${sequence} bytes in each recipe, a model of ${countParameters(model).toLocaleString('en')} parameters (${model.layers} layers, width`,
    `${model.hiddenSize}), AdamW at ${learningRate}. All recipes of a seed begin with the same weights and see the same batches.`,
    `Held-out loss: ${windows} windows of text that nothing was trained on, nats per byte. ${seeds.length > 1 ? 'Seeds' : 'Seed'} ${seeds.join(', ')}.`,
    `\`${NUDGED}\` is BF16 again from weights moved by one BF16 rounding (2⁻⁹): gaps of its size say nothing of recipes.`,
    'Nothing is planted here; at this size and length none is expected to fail.',
    '',
    ...heldOutTable(comparisons),
    '',
    ...intervalNote(comparisons),
    '',
    "## The paper's zero-shot table in small",
    '',
    ...zeroShot(settings, comparisons, corpus),
    ...claimSection(claims, (v) => (Number.isInteger(v) ? String(v) : number(v))),
  ].join('\n')}\n`;
}

function heldOutTable(comparisons: readonly Comparison[]): string[] {
  const seeds = comparisons[0]!.seeds;
  return [
    `| recipe | ${seeds.map((seed) => `seed ${seed}`).join(' | ')} | gap to bf16, same seed | mean gap ± standard error | 95 % t interval | last words right |`,
    `| --- |${' --- |'.repeat(seeds.length + 4)}`,
    ...comparisons.map(({ arm, heldOut, gaps, gap, accuracy }) => {
      const { mean, error, interval } = gap;
      const cells =
        arm === 'bf16'
          ? ['0', '0', '–']
          : [
              gaps.map(signed).join(' / '),
              `${signed(mean)}${error === null ? '' : ` ± ${number(error)}`}`,
              interval ? `${signed(interval[0])} to ${signed(interval[1])}` : '–',
            ];
      const right = accuracy.map((share) => `${(100 * share).toFixed(1)} %`).join(' / ');
      return `| \`${arm}\` | ${heldOut.map((v) => number(v)).join(' | ')} | ${cells.join(' | ')} | ${right} |`;
    }),
  ];
}

function intervalNote(comparisons: readonly Comparison[]): string[] {
  const seeds = comparisons[0]!.seeds.length;
  if (seeds < 2) return ['One seed has no standard error.'];
  const away = comparisons.filter(
    ({ arm, gap }) => arm !== 'bf16' && gap.interval && gap.interval[0] * gap.interval[1] > 0,
  );
  const others = comparisons.length - 1;
  return [
    `Mean gap ± its standard error over ${seeds} seeds; the interval is Student's t with ${seeds - 1} degrees of freedom, wide with so few. It leaves`,
    `zero out for ${away.length === 0 ? 'no recipe' : away.map(({ arm, gap }) => `\`${arm}\` (${gap.mean > 0 ? 'above' : 'below'})`).join(', ')}; of ${others} such intervals about ${(others * 0.05).toFixed(1)} would by chance alone.`,
  ];
}

function zeroShot(
  settings: RecipesSettings,
  comparisons: readonly Comparison[],
  { commonest, passages }: Corpus,
): string[] {
  const of = (arm: string) => comparisons.find((one) => one.arm === arm);
  const rows: string[] = [];
  for (const [arm, label, wikitext, lambada] of [
    ['bf16', 'BF16', '5.59', '61.98 %'],
    ['fp8-full', "FP8, the paper's system", '5.56', '61.73 %'],
  ] as const) {
    const own = of(arm);
    if (!own) continue;
    const list = (values: readonly number[], digits: number, unit = '') =>
      values.map((v) => `${number(v, digits)}${unit}`).join(' / ');
    rows.push(
      `| ${label} (\`${arm}\`) | ${wikitext} | ${lambada} | ${list(own.heldOut.map(Math.exp), 3)} | ${list(
        own.accuracy.map((v) => 100 * v),
        1,
        ' %',
      )} | ${list(own.wordLoss, 2)} |`,
    );
  }
  const share = ((100 * commonest.right) / passages).toFixed(1);
  return [
    '| | Wikitext perplexity, paper | Lambada accuracy, paper | held-out perplexity per byte, here | last word right, here | nats per last word, here |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `These are not the paper's tasks: Wikitext and Lambada are not at hand offline, and its model is thousands of times larger. Here: ${passages}`,
    `passages of ${settings.sequence + 1} held-out bytes that end a sentence in a word of 4 to 16 letters; greedy decoding must spell the word, as in`,
    `Lambada. At this size that is near chance: the training text's commonest last word, "${commonest.word}", would be right in ${share} % of them.`,
  ];
}

function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return 'broke';
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;
