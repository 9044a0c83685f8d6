/** @file Interpolated modified Kneser-Ney smoothing: what counted stretches say about the next token. */
import type { NgramCounts } from './ngram-counts.ts';

/** Subtracted from a count of 1, of 2, and of 3 or more. */
export type Discounts = readonly [number, number, number];

/** What the recursion needs of each stretch of tokens, by node. */
export interface SmoothedCounts {
  /** The count used for a stretch: occurrences at the full length, different predecessors below it. */
  readonly count: Float64Array;
  /** Sum of the counts of a stretch's continuations; 0 where it has none. */
  readonly total: Float64Array;
  /** Probability mass that the discounts free, to be shared out by the shorter context: sum of discounts / total. */
  readonly freed: Float64Array;
  /** By length of the stretch, from 1; element 0 is unused. */
  readonly discounts: readonly Discounts[];
}

/**
 * Modified Kneser-Ney, interpolated (S. Chen, J. Goodman, "An empirical study of smoothing techniques for language
 * modeling", TR-10-98, 1998, section 3 and equation 26; R. Kneser, H. Ney, 1995):
 * `p(w | h) = max(c(hw) − D(c(hw)), 0) / Σ c(h·) + freed(h) · p(w | h')`, h' being h without its first token and
 * the last p uniform over the vocabulary. Below the full length c counts different predecessors, not occurrences.
 * A stretch that only begins the text has no predecessor and counts as having one.
 */
export function smoothCounts(counts: NgramCounts): SmoothedCounts {
  const { order, size, parent, depth, occurrences, predecessors } = counts;
  const count = new Float64Array(size);
  const total = new Float64Array(size);
  const freed = new Float64Array(size);
  // frequency[d][r]: stretches of d tokens whose count is r, r from 1 to 4.
  const frequency = Array.from({ length: order + 2 }, () => [0, 0, 0, 0, 0]);
  for (let node = 1; node < size; node++) {
    const length = depth[node]!;
    const c = length === order + 1 ? occurrences[node]! : Math.max(predecessors[node]!, 1);
    count[node] = c;
    total[parent[node]!] = total[parent[node]!]! + c;
    if (c <= 4) frequency[length]![c] = frequency[length]![c]! + 1;
  }
  const discounts = frequency.map(discountsOf);
  for (let node = 1; node < size; node++) {
    const from = parent[node]!;
    freed[from] = freed[from]! + discountOf(discounts[depth[node]!]!, count[node]!) / total[from]!;
  }
  return { count, total, freed, discounts };
}

/** D of a count; 0 for a count of 0. */
export function discountOf(discounts: Discounts, count: number): number {
  return count === 0 ? 0 : discounts[Math.min(count, 3) - 1]!;
}

/**
 * `Y = n₁ / (n₁ + 2 n₂)`, `D_r = r − (r + 1) · Y · n_{r+1} / n_r` for r = 1, 2, 3, where n_r stretches have count r.
 * Where a small text or a short stretch leaves an n_r empty or a D_r outside 0 … r, one discount for all counts:
 * Y (H. Ney, U. Essen, R. Kneser, 1994), or 1/2 if that is unknown too.
 */
export function discountsOf(frequency: readonly number[]): Discounts {
  const [, n1 = 0, n2 = 0, n3 = 0, n4 = 0] = frequency;
  const y = n1 / (n1 + 2 * n2);
  const modified: Discounts = [1 - (2 * y * n2) / n1, 2 - (3 * y * n3) / n2, 3 - (4 * y * n4) / n3];
  if (modified.every((d, i) => d > 0 && d <= i + 1) && n4 > 0) return modified;
  const one = n1 > 0 && n2 > 0 ? y : 0.5;
  return [one, one, one];
}
