/** @file The study for people: a table a question, and what held. */
import { countParameters } from '@octavo/llama';
import { each, pageOf, table } from '../engine/markdown.ts';
import { figure, percent, sideBySide } from '../engine/numbers.ts';
import { where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
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
  { commonest, passages }: Corpus,
): string {
  const { steps, batch, sequence, model, windows, learningRate } = settings;
  const seeds = comparisons[0]!.seeds;
  return pageOf('recipes', {
    ...{ steps, batch, sequence, windows, learningRate, layers: model.layers, width: model.hiddenSize },
    parameters: countParameters(model).toLocaleString('en'),
    seeds: `${seeds.length > 1 ? 'Seeds' : 'Seed'} ${seeds.join(', ')}`,
    nudged: NUDGED,
    heldOut: heldOutTable(comparisons),
    ...intervals(comparisons, seeds.length),
    zeroShot: zeroShotTable(comparisons),
    ...{ passages, passageBytes: sequence + 1, commonest: commonest.word },
    share: ((100 * commonest.right) / passages).toFixed(1),
    claims: claimLines(claims, (v) => (Number.isInteger(v) ? String(v) : number(v))),
  });
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

/** Whose interval leaves zero out, where there are intervals. */
function intervals(comparisons: readonly Comparison[], count: number) {
  if (count < 2) return { oneSeed: true, intervals: false };
  const away = comparisons
    .filter(({ arm, gap }) => arm !== 'bf16' && gap.interval && gap.interval[0] * gap.interval[1] > 0)
    .map(({ arm, gap }) => `\`${arm}\` (${gap.mean > 0 ? 'above' : 'below'})`);
  const others = comparisons.length - 1;
  return {
    ...{ oneSeed: false, count, degrees: count - 1, intervals: others, byChance: (others * 0.05).toFixed(1) },
    away: away.join(', ') || 'no recipe',
  };
}

/** What the paper's zero-shot table says of Llama2 7B. */
const published = [
  { arm: 'bf16', label: 'BF16', wikitext: '5.59', lambada: '61.98 %' },
  { arm: 'fp8-full', label: "FP8, the paper's system", wikitext: '5.56', lambada: '61.73 %' },
] as const;

function zeroShotTable(comparisons: readonly Comparison[]): string[] {
  const list = (values: readonly number[], digits: number): string =>
    sideBySide(values, (value) => number(value, digits));
  return table(
    published.flatMap((one) => where(comparisons, { arm: one.arm }).map((own) => ({ ...own, ...one }))),
    [
      ['', ({ label, arm }) => `${label} (\`${arm}\`)`],
      ['Wikitext perplexity, paper', ({ wikitext }) => wikitext],
      ['Lambada accuracy, paper', ({ lambada }) => lambada],
      ['held-out perplexity per byte, here', ({ heldOut }) => list(heldOut.map(Math.exp), 3)],
      ['last word right, here', ({ accuracy }) => sideBySide(accuracy, (share) => percent(share))],
      ['nats per last word, here', ({ wordLoss }) => list(wordLoss, 2)],
    ],
  );
}

/** A zero has no sign. */
const number = (value: number, digits = 4): string =>
  figure(value, (v) => (Number(v.toFixed(digits)) === 0 ? 0 : v).toFixed(digits));
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;
