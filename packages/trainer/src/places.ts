/** @file What is measured, by its place in the model: parameters as points, a site's statistics by name. */
import { type Point, type Site, STATISTICS_LENGTH } from '@octavo/nn';

/** A tensor of the parameter `layers.2.attentionNorm` as a point of the model. */
export function pointOf(parameter: string, operand: string): Point {
  const [, layer, name] = /^layers\.(\d+)\.(.+)$/.exec(parameter) ?? [];
  return layer === undefined
    ? { layer: null, name: parameter, operand }
    : { layer: Number(layer), name: name!, operand };
}

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

/** From the numbers that the device leaves of every site. */
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
