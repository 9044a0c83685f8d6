/** @file Most of a tensor flushed to zero by its cast. */
import { percent } from './percent.ts';
import type { WatchRule } from './rule.ts';

/**
 * Share of elements that the cast turns to zero, on sampled steps. By itself a weak sign: a tensor whose small elements do
 * not matter loses them without harm.
 */
export const underflow: WatchRule = {
  name: 'underflow',
  describe: ({ value, limit }) =>
    `${percent(value)} of its elements flushed to zero (limit ${percent(limit)})`,
  measure({ statistics, expected }, limits) {
    if (!statistics || expected === 0) return null; // 0: at scale 1, before anything was observed
    return { value: statistics.underflows, limit: limits.underflow };
  },
};
