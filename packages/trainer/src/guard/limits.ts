/**
 * @file The limits of the guard, as data.
 *
 * Chosen on seeds 101, 102 and 1 of the `watch` study's model, so that healthy runs stay at least a factor of two below the
 * limits of maxima, underflow and kurtosis, and the aged checkpoint well above; to be checked on other seeds by
 * `octavo study watch`, which prints lead times, false alarms, and how near healthy runs come to each limit.
 */
import type { OperandName } from '@octavo/nn';

export interface GuardLimits {
  /** amax over the maximum that the scale was made for. Gradients jump about in healthy runs too, and saturate. */
  readonly overshoot: Readonly<Record<OperandName, number>>;
  /** Powers of two that have to be left below a tensor's maximum, and those that may be lost in any format. */
  readonly range: { readonly left: number; readonly lost: number };
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

export const guardLimits: GuardLimits = {
  overshoot: { input: 4, weight: 4, grad: 64 },
  range: { left: 14, lost: 3 },
  overflow: 0.01,
  underflow: 0.5,
  kurtosis: 8,
  alignment: 0.95,
  settled: 16,
  repeatAfter: 100,
};
