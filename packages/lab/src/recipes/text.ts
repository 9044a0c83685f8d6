/** @file The study for people: a table a question, and what held. */

import { countParameters } from '@octavo/llama';
import { each, page, table } from '../engine/markdown.ts';
import { figure, percent, sideBySide } from '../engine/numbers.ts';
import { where } from '../engine/rows.ts';
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
  return page(
    '# Every recipe against bf16',
    `From scratch: ${steps} steps of ${batch} × ${sequence} bytes in each recipe, a model of ${countParameters(model).toLocaleString('en')} parameters (${model.layers} layers, width`,
    `${model.hiddenSize}), AdamW at ${learningRate}. All recipes of a seed begin with the same weights and see the same batches.`,
    `Held-out loss: ${windows} windows of text that nothing was trained on, nats per byte. ${seeds.length > 1 ? 'Seeds' : 'Seed'} ${seeds.join(', ')}.`,
    `\`${NUDGED}\` is BF16 again from weights moved by one BF16 rounding (2⁻⁹): gaps of its size say nothing of recipes.`,
    'Nothing is planted here; at this size and length none is expected to fail.',
    ...heldOutTable(comparisons),
    ...intervalNote(comparisons),
    "## The paper's zero-shot table in small",
    ...zeroShot(settings, comparisons, corpus),
    ...claimSection(claims, (v) => (Number.isInteger(v) ? String(v) : number(v))),
  );
}

function heldOutTable(comparisons: readonly Comparison[]): string[] {
  const unlessBf16 = (instead: string, write: (one: Comparison) => string) => (one: Comparison) =>
    one.arm === 'bf16' ? instead : write(one);
  const withError = ({ gap: { mean, error } }: Comparison): string =>
    `${signed(mean)}${error === null ? '' : ` ± ${number(error)}`}`;
  const between = ({ gap: { interval } }: Comparison) => interval?.map(signed).join(' to ') ?? '–';
  return table(comparisons, [
    ['recipe', ({ arm }) => `\`${arm}\``],
    each(
      [...comparisons[0]!.seeds.entries()],
      ([, seed]) => `seed ${seed}`,
      ({ heldOut }, [i]) => number(heldOut[i]!),
    ),
    ['gap to bf16, same seed', unlessBf16('0', ({ gaps }) => sideBySide(gaps, signed))],
    ['mean gap ± standard error', unlessBf16('0', withError)],
    ['95 % t interval', unlessBf16('–', between)],
    ['last words right', ({ accuracy }) => sideBySide(accuracy, (share) => percent(share))],
  ]);
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

/** What the paper's zero-shot table says of Llama2 7B. */
const published = [
  { arm: 'bf16', label: 'BF16', wikitext: '5.59', lambada: '61.98 %' },
  { arm: 'fp8-full', label: "FP8, the paper's system", wikitext: '5.56', lambada: '61.73 %' },
] as const;

function zeroShot(
  settings: RecipesSettings,
  comparisons: readonly Comparison[],
  { commonest, passages }: Corpus,
): string[] {
  const list = (values: readonly number[], digits: number): string =>
    sideBySide(values, (value) => number(value, digits));
  const share = ((100 * commonest.right) / passages).toFixed(1);
  return [
    ...table(
      published.flatMap((one) => where(comparisons, { arm: one.arm }).map((own) => ({ ...own, ...one }))),
      [
        ['', ({ label, arm }) => `${label} (\`${arm}\`)`],
        ['Wikitext perplexity, paper', ({ wikitext }) => wikitext],
        ['Lambada accuracy, paper', ({ lambada }) => lambada],
        ['held-out perplexity per byte, here', ({ heldOut }) => list(heldOut.map(Math.exp), 3)],
        ['last word right, here', ({ accuracy }) => sideBySide(accuracy, (share) => percent(share))],
        ['nats per last word, here', ({ wordLoss }) => list(wordLoss, 2)],
      ],
    ),
    `These are not the paper's tasks: Wikitext and Lambada are not at hand offline, and its model is thousands of times larger. Here: ${passages}`,
    `passages of ${settings.sequence + 1} held-out bytes that end a sentence in a word of 4 to 16 letters; greedy decoding must spell the word, as in`,
    `Lambada. At this size that is near chance: the training text's commonest last word, "${commonest.word}", would be right in ${share} % of them.`,
  ];
}

/** A zero has no sign. */
const number = (value: number, digits = 4): string =>
  figure(value, (v) => (Number(v.toFixed(digits)) === 0 ? 0 : v).toFixed(digits));
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;
