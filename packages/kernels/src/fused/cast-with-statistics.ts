/** @file A cast together with everything that is recorded about it. */
import type { FusedOperator } from '../operator.ts';
import { castStatistics } from '../operators/cast-statistics.ts';
import { type QuantizeScaledAttributes, quantizeScaled } from './quantize.ts';

export type CastWithStatisticsAttributes = QuantizeScaledAttributes & {
  /** Magnitudes above this, once scaled, count as clipped. */
  readonly max: number;
  /** The format's smallest value above 0. */
  readonly minSubnormal: number;
};

/** Given scales: x, scale, (seed) → codes, amax (FP32), statistics `[8]`: `quantizeScaled` and `castStatistics`. */
export const castWithStatistics: FusedOperator<CastWithStatisticsAttributes> = Object.freeze({
  name: 'castWithStatistics',
  unfused({ run }, attributes, [x, scale, ...seed], [codes, maxima, statistics]) {
    const { blockRows, blockColumns, rounding, overflow, stream, max, minSubnormal } = attributes;
    const how = { blockRows, blockColumns, rounding, overflow, stream };
    run(quantizeScaled, how, [x!, scale!, ...seed], [codes!, maxima!]);
    const blocks = { blockRows, blockColumns, max, minSubnormal };
    run(castStatistics, blocks, [x!, scale!], [statistics!]);
  },
} satisfies FusedOperator<CastWithStatisticsAttributes>);
