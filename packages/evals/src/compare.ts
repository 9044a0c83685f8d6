/** @file Two models asked the same questions: what differs, and whether that is chance. */
import { OctavoError } from '@octavo/formats';
import { type Estimate, standardError } from './metrics.ts';

export interface Comparison {
  /** The first model's value less the other's. */
  readonly difference: number;
  /** Of the difference: question by question, since what is hard for one is hard for the other. Null for one question. */
  readonly stderr: number | null;
}

/** Of two estimates over the same questions in the same order. */
export function compare(one: Estimate, other: Estimate): Comparison {
  if (one.influences.length !== other.influences.length)
    throw new OctavoError(
      `[evals] comparison: got ${one.influences.length} and ${other.influences.length} questions, expected the same ones`,
    );
  return {
    difference: one.value - other.value,
    stderr: standardError(one.influences.map((x, i) => x - other.influences[i]!)),
  };
}

export interface McNemar {
  /** Questions that only the first model got right, and only the other. */
  readonly onlyFirst: number;
  readonly onlyOther: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * The exact McNemar test (Q. McNemar, 1947; two-sided binomial): with n = b + c questions that only one of the two got
 * right, were that a coin's doing, `p = min(1, 2 Σ_{k ≤ min(b, c)} C(n, k) / 2ⁿ)`. Elements are 1 (right) or 0.
 */
export function mcnemar(first: readonly number[], other: readonly number[]): McNemar {
  const onlyFirst = first.filter((right, i) => right > other[i]!).length;
  const onlyOther = first.filter((right, i) => right < other[i]!).length;
  const n = onlyFirst + onlyOther;
  let logTerm = -n * Math.LN2; // ln (C(n, k) / 2ⁿ)
  let tail = 0;
  for (let k = 0; k <= Math.min(onlyFirst, onlyOther); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((n - k) / (k + 1));
  }
  return { onlyFirst, onlyOther, p: Math.min(1, 2 * tail) };
}
