/** @file A site's statistics by name, from the numbers that the device leaves. */
import { type Site, STATISTICS_LENGTH } from '@octavo/nn';

export interface SiteStatistics {
  readonly amax: number;
  /** Shares of the elements clipped, and flushed to zero. */
  readonly overflows: number;
  readonly underflows: number;
  readonly rms: number;
  /** Uncentred, E[x⁴] / E[x²]² (as in FOG, arXiv 2505.20524): 3 for a centred normal distribution; null for zeros. */
  readonly kurtosis: number | null;
  readonly nonFinite: number;
  /** Null: a scale per block. */
  readonly scale: number | null;
}

export function siteStatistics(statistics: Float32Array, { index }: Pick<Site, 'index'>): SiteStatistics {
  const at = (i: number): number => statistics[index * STATISTICS_LENGTH + i]!;
  const [amax, clipped, underflowed, squares, fourths] = [at(0), at(1), at(2), at(4), at(5)];
  const [nonFinite, count, scale] = [at(6), at(7), at(8)];
  return {
    amax,
    overflows: clipped / count,
    underflows: underflowed / count,
    rms: Math.sqrt(squares / count),
    kurtosis: squares > 0 ? (fourths * count) / (squares * squares) : null,
    nonFinite,
    scale: scale || null,
  };
}
