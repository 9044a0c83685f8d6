/** @file The paper's statements about convergence, held to the figures of the study. */
import type { Claim } from '../engine/study.ts';
import type { Comparison, NamedRun } from './results.ts';
import { NUDGED } from './settings.ts';

/** Nats per byte above `bf16` that a recipe may end: about one percent of the loss. */
export const MOST_GAP = 0.02;
/** Points of last-word accuracy that the paper's system may lose. */
export const MOST_POINTS = 2;

/** What the paper says of Llama2 7B, by recipe. */
const PAPER: Readonly<Record<string, string>> = {
  fp8: 'follows BF16 until about 200 billion tokens, then diverges',
  'fp8-w3-bf16': 'converges as BF16 does',
  'fp8-smooth': 'converges as BF16 does',
  'fp8-full': 'Wikitext perplexity 5.56 against 5.59 of BF16, 0.5 % less',
};

export function claimsOf(comparisons: readonly Comparison[], runs: readonly NamedRun[]): Claim[] {
  const recipes = comparisons.filter(({ arm }) => arm !== 'bf16' && arm !== NUDGED);
  const within = (arm: string, gaps: readonly number[]): Claim => ({
    text: `${arm}: held-out loss at most ${MOST_GAP} nats per byte above bf16's`,
    ...(PAPER[arm] === undefined ? {} : { paper: PAPER[arm] }),
    values: gaps,
    holds: gaps.every((gap) => gap <= MOST_GAP),
  });
  const claims = recipes.map(({ arm, gaps }) => within(arm, gaps));
  const full = comparisons.find(({ arm }) => arm === 'fp8-full');
  if (full) {
    const points = full.accuracyGaps.map((gap) => 100 * gap);
    claims.push({
      text: `fp8-full: last-word accuracy at most ${MOST_POINTS} points below bf16's`,
      paper: 'Lambada accuracy 61.73 against 61.98 of BF16, −0.25 points',
      values: points,
      holds: points.every((gap) => gap >= -MOST_POINTS),
    });
  }
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const notFinite = seeds.map((seed) =>
    runs.filter((run) => run.seed === seed).reduce((n, run) => n + run.notFinite + (run.broke ? 1 : 0), 0),
  );
  claims.push({
    text: 'every recipe: weights, moments, losses and gradients finite (count of those that are not)',
    values: notFinite,
    holds: notFinite.every((count) => count === 0),
  });
  return claims;
}
