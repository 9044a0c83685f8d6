/** @file What a training step gathers on the device. */
import type { Scope, Tensor } from '@octavo/kernels';

/** Values per site in the statistics tensor: the eight of the `castStatistics` operator, then the site's scale (0: many). */
export const STATISTICS_LENGTH = 9;

/** Which tensor of a model: an operand of a linear layer, or another that only has to be finite. */
export interface Point {
  /** Null: outside the blocks. */
  readonly layer: number | null;
  readonly name: string;
  readonly operand: string;
}

/** A tensor that was seen. */
export interface Seen {
  readonly of: Point;
  readonly microBatch: number;
  /** FP32, one element: the largest magnitude, infinity or NaN where there is one. Null: a site's, among its maxima. */
  readonly maximum: Tensor | null;
}

/** The maxima of every site, and statistics when sampled. */
export interface Recording {
  /** FP32 `[microBatches · sites]` */
  readonly amaxes: Tensor;
  /** FP32 `[sites · STATISTICS_LENGTH]`, or null on steps that are not sampled. */
  readonly statistics: Tensor | null;
  /** The run's seed, and the number of the step's first micro-batch among those of the run. */
  readonly random: { readonly seed: number; readonly first: number };
  /** Set by `beginMicroBatch`. */
  microBatch: number;
  /** Tensors observed so far, in the order of computation. */
  readonly seen: Seen[];
  /** The step's scope, which holds the recorded tensors. */
  readonly scope: Scope;
}
