/**
 * @file The limits of the watch, as data.
 *
 * Chosen on seeds 101 and 102 of the `watch` study's model (healthy runs stay at least a factor of two below each, the
 * aged checkpoint far above), then checked on other seeds: `octavo study watch` prints lead times and false alarms.
 */
import type { Operand } from '@octavo/nn';

export interface WatchLimits {
  /** amax over the maximum that the scale was made for. Gradients jump about in healthy runs too, and saturate. */
  readonly overshoot: Readonly<Record<Operand, number>>;
  /** Powers of two left between the tensor's maximum and the smallest number of the format. */
  readonly range: number;
  /** Share of elements that are clipped. */
  readonly overflow: number;
  /** Share of elements that are flushed to zero. */
  readonly underflow: number;
  /** Kurtosis, in units of the tensor's width. */
  readonly kurtosis: number;
  /** |cos| of a channel's gate and up vectors. */
  readonly alignment: number;
  /** Observations before a delayed scale is judged: while training begins, maxima grow from step to step. */
  readonly settled: number;
  /** Steps before the same rule speaks of the same tensor again. */
  readonly repeatAfter: number;
}

export const watchLimits: WatchLimits = {
  overshoot: { input: 4, weight: 4, grad: 64 },
  range: 12,
  overflow: 0.01,
  underflow: 0.5,
  kurtosis: 8,
  alignment: 0.95,
  settled: 16,
  repeatAfter: 100,
};
