/** @file A scale far too small for its tensor, as after an outlier: what is small now falls below the format's reach. */
import type { WatchRule } from './rule.ts';

/**
 * log2(amax · scale / smallest subnormal) below a limit: so many powers of two are left for all that is smaller than the
 * tensor's maximum. E4M3 (max 448) has 17.8 where the scale fits; of a format that has fewer than the limit, three are
 * allowed to be lost. Seen at every step.
 */
export const range: WatchRule = {
  name: 'range',
  describe: ({ value, limit }) =>
    `its scale leaves ${value.toFixed(1)} powers of two below its maximum (limit ${Number(limit.toFixed(1))})`,
  check({ cast, format, amax, expected, observed }, limits) {
    const { policy } = cast;
    if (policy.kind !== 'delayed' || observed < limits.settled || !expected || amax === 0) return null;
    const whole = Math.log2(format.max / format.minSubnormal) - policy.margin;
    const limit = Math.min(limits.range, whole - 3);
    const value = whole + Math.log2(amax / expected);
    return value < limit ? { value, limit } : null;
  },
};
