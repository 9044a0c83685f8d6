/** @file A scale far too small for its tensor, as after an outlier: what is small now falls below the format's reach. */
import type { WatchRule } from './rule.ts';

/**
 * log2(expected / amax): so many powers of two of the format's reach are lost, since the scale was made for a maximum so
 * much larger. What may be lost depends on what the format has, log2(max / smallest subnormal): 17.8 in E4M3, of which
 * `left` have to stay, 31.8 in E5M2. Seen at every step.
 */
export const range: WatchRule = {
  name: 'range',
  describe: ({ value, limit }) =>
    `its scale is 2^${value.toFixed(1)} too small for it (limit 2^${limit.toFixed(1)})`,
  measure({ cast, format, amax, expected, observed }, { settled, range: { left, lost } }) {
    const { policy } = cast;
    if (policy.kind !== 'delayed' || observed < settled || !expected || amax === 0) return null;
    const whole = Math.log2(format.max / format.minSubnormal) - policy.margin;
    return { value: Math.log2(expected / amax), limit: Math.max(lost, whole - left) };
  },
};
