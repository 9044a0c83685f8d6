/** @file What the host learns of a forward and backward pass. */
import type { Point } from '@octavo/nn';

/** The largest magnitude of a tensor: infinity or NaN where it holds one. */
export interface Sighting {
  readonly of: Point;
  readonly microBatch: number;
  readonly amax: number;
}

/** What one forward and backward pass tells the host. */
export interface Gradients {
  /** Mean negative log-likelihood per token, nats. */
  readonly loss: number;
  /** Sum of squares of each parameter's gradient. */
  readonly squares: Float32Array;
  /** Maxima of every site for every micro-batch. */
  readonly amaxes: Float32Array;
  /** Every tensor that was looked at, in the order of computation. */
  readonly seen: readonly Sighting[];
  /** Statistics of every site, 8 each, on sampled steps. */
  readonly statistics: Float32Array | null;
  /** Cosine of gate and up per channel, per layer, on sampled steps. */
  readonly cosines: readonly Float32Array[] | null;
}
