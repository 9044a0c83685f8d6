/**
 * @file A tensor far above what its scale was made for: with delayed scaling the outlier is clipped at once, and the steps
 * after it are cast with a scale that is far too small (arXiv 2409.12517, section 4).
 */
import type { WatchRule } from './rule.ts';

/**
 * amax / (maximum of the history) above a limit. A cast that does not saturate is lost at 2^margin; it is said one power
 * of two before. Maxima come back at every step, so this rule needs no samples.
 */
export const overshoot: WatchRule = {
  name: 'overshoot',
  describe: ({ value, limit }) =>
    `maximum ${figure(value)} times what its scale was made for (limit ${figure(limit)})`,
  measure({ cast, operand, amax, expected, observed }, limits) {
    if (cast.policy.kind !== 'delayed' || observed < limits.settled || !expected) return null;
    const usual = limits.overshoot[operand];
    const limit =
      cast.overflow === 'special' ? Math.min(usual, Math.max(1, 2 ** (cast.policy.margin - 1))) : usual;
    return { value: amax / expected, limit };
  },
};

const figure = (value: number): string => String(Number(value.toPrecision(3)));
