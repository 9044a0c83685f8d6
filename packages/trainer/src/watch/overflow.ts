/** @file Many elements clipped: not one outlier, the scale as a whole is behind its tensor. */
import { percent } from './percent.ts';
import type { WatchRule } from './rule.ts';

/** Share of elements beyond the format's largest value, on sampled steps. */
export const overflow: WatchRule = {
  name: 'overflow',
  describe: ({ value, limit }) => `${percent(value)} of its elements clipped (limit ${percent(limit)})`,
  measure({ statistics, observed }, limits) {
    if (!statistics || observed < limits.settled) return null;
    return { value: statistics.overflows, limit: limits.overflow };
  },
};
