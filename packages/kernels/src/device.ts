/**
 * @file The Device contract: destination-passing, recorded at once.
 *
 * A host executes `run` on the spot; a GPU records it and submits at `flush`. Only `read` and `flush` are awaited, so
 * the same model code drives both. No control flow inside a step depends on values.
 */
import type { Format } from '@octavo/formats';
import type { Run } from './operator.ts';
import type { Shape, Tensor } from './tensor.ts';

/** Part of a copy, in elements of the flattened tensors. */
export interface CopyRegion {
  readonly to?: number;
  readonly from?: number;
  readonly length?: number;
}

export interface Device {
  /** What runs, e.g. `reference`, `gpu:webasm`, `gpu:webgpu`, `simd`. */
  readonly name: string;
  /** One line for people: adapter, instruction set, threads. */
  readonly description: string;
  /** Memory for a tensor, its contents undefined. Memory returns by `free` only, never by the garbage collector. */
  alloc(shape: Shape, format: Format): Tensor;
  free(tensor: Tensor): void;
  /** Stores values, which must already be values of the tensor's format. */
  write(tensor: Tensor, values: ArrayLike<number>): void;
  /**
   * Computes `outs` from `inputs`, none of which is an output: an operator has one output, a composition several. A
   * composition of which the device has no form of its own is run by its parts.
   */
  readonly run: Run;
  /** Copies elements between tensors of one format. */
  copy(to: Tensor, from: Tensor, region?: CopyRegion): void;
  /** Submits what was recorded; resolves once kernels are built and the work is queued. */
  flush(): Promise<void>;
  /** The tensor's values (of codes: their decoded values, not divided by the scale). */
  read(tensor: Tensor): Promise<Float32Array>;
  /** Bytes held by live tensors, now and at most so far. */
  memory(): { readonly live: number; readonly peak: number };
  destroy(): Promise<void>;
}
