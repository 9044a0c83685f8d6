/** @file Values that gradients flow to. */
import type { Tensor } from '@octavo/kernels';

/** A tensor and the sum of the gradients that have reached it (null before any has). */
export interface Variable {
  readonly value: Tensor;
  grad: Tensor | null;
  /** Computes the value again, into a tensor of the caller's, as long as the backward pass has not come to this place. */
  readonly again?: () => Tensor;
}

/** A trained tensor. Its value is replaced, never written in place, when the optimizer moves it. */
export interface Parameter {
  readonly name: string;
  value: Tensor;
  grad: Tensor | null;
  /** Weight matrices and embeddings decay and may be kept in few bits; gains do neither. */
  readonly isMatrix: boolean;
}

export const variable = (value: Tensor, again?: () => Tensor): Variable => ({
  value,
  grad: null,
  ...(again && { again }),
});
