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

/** The three parameters that stand for a tensor; none is three zeros. */
export function place(engine: Engine, tensor: Stored | undefined): readonly [number, number, number] {
  return tensor ? [tensor.address, tensor.kind, engine.format(tensor.format)] : [0, 0, 0];
}
