/** @file The paper's statements about convergence, held to the figures of the study. */
import { sum } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { atLeast, atMost, type Statement } from '../engine/statements.ts';
import type { Comparison, NamedRun } from './results.ts';
import { NUDGED } from './settings.ts';

/** Nats per byte above `bf16` that a recipe may end: about one percent of the loss. */
const MOST_GAP = 0.02;
/** Points of last-word accuracy that the paper's system may lose. */
const MOST_POINTS = 2;

/** What the paper says of Llama2 7B, by recipe. */
const PAPER: Readonly<Record<string, string>> = {
  fp8: 'follows BF16 until about 200 billion tokens, then diverges',
  'fp8-w3-bf16': 'converges as BF16 does',
  'fp8-smooth': 'converges as BF16 does',
  'fp8-full': 'Wikitext perplexity 5.56 against 5.59 of BF16, 0.5 % less',
};

export const statementsOf = (comparisons: readonly Comparison[]): Statement<readonly NamedRun[]>[] => [
  ...comparisons
    .filter(({ arm }) => arm !== 'bf16' && arm !== NUDGED)
    .map(({ arm, gaps }) => ({
      text: `${arm}: held-out loss at most ${MOST_GAP} nats per byte above bf16's`,
      paper: PAPER[arm],
      values: () => gaps,
      holds: atMost(MOST_GAP),
    })),
  ...where(comparisons, { arm: 'fp8-full' }).map(({ accuracyGaps }) => ({
    text: `fp8-full: last-word accuracy at most ${MOST_POINTS} points below bf16's`,
    paper: 'Lambada accuracy 61.73 against 61.98 of BF16, −0.25 points',
    values: () => accuracyGaps.map((gap) => 100 * gap),
    holds: atLeast(-MOST_POINTS),
  })),
  {
    text: 'every recipe: weights, moments, losses and gradients finite (count of those that are not)',
    values: (runs) =>
      distinct(runs, 'seed').map((seed) =>
        sum(where(runs, { seed }).map(({ notFinite, broke }) => notFinite + (broke ? 1 : 0))),
      ),
    holds: atMost(0),
  },
];
