/** @file Tensors of this device: where they lie, and how kernels are told. */
import type { Tensor } from '@octavo/kernels';
import type { Engine } from './engine.ts';
import type { Kind } from './format-description.ts';

/** A tensor and its place in memory. */
export interface Stored extends Tensor {
  readonly address: number;
  readonly kind: Kind;
  readonly length: number;
}

/** Elements of a task of the kernels that run over flat ranges; assembly/cast.ts has the same number. */
export const CHUNK = 16384;

export const chunks = (length: number): number => Math.ceil(length / CHUNK);

/** Rows of a task, so that it has about as many elements as a chunk. Independent of the threads, as are results. */
export const rowsPerTask = (columns: number): number => Math.max(1, Math.floor(CHUNK / Math.max(1, columns)));

/** The three parameters that stand for a tensor; none is three zeros. */
export function place(engine: Engine, tensor: Stored | undefined): readonly [number, number, number] {
  return tensor ? [tensor.address, tensor.kind, engine.format(tensor.format)] : [0, 0, 0];
}

/** A small FP32 tensor's value, read by the host. */
export const valueAt = (engine: Engine, tensor: Stored, index = 0): number =>
  engine.floats()[tensor.address / 4 + index]!;
