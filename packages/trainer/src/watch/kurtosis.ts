/** @file Kurtosis: outliers in a few elements, before any of them meets a stale scale. */
import type { WatchRule } from './rule.ts';

/**
 * κ = E[x⁴] / E[x²]² (uncentred) rises before FP8 training diverges (FOG, arXiv 2505.20524). In units of the width W:
 * n / κ elements carry the fourth moment (the participation number), so κ > 8 W says that they are fewer than one for
 * eight tokens. One channel that is always on gives κ = W: outliers that are sporadic give more.
 * Of inputs whose elements share one scale, on sampled steps; Smooth-SwiGLU gives each channel its own.
 */
export const kurtosis: WatchRule = {
  name: 'kurtosis',
  describe: ({ value, limit }) =>
    `kurtosis ${value.toPrecision(3)} times its width (limit ${limit}): a few elements carry it all`,
  measure({ operand, site, smoothing, cast, statistics }, limits) {
    if (!statistics?.kurtosis || operand !== 'input' || cast.granularity.kind !== 'tensor') return null;
    if (site === 'down' && smoothing !== 'none') return null;
    return { value: statistics.kurtosis / statistics.width, limit: limits.kurtosis };
  },
};
