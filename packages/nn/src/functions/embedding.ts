/** @file Rows of a table, and the sum of gradients per row. */
import { FP32 } from '@octavo/formats';
import { embeddingGrad, embedding as embeddingOperator, type Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, result } from '../context.ts';
import type { Parameter, Variable } from '../variable.ts';

/** The tokens of a step on the device, with their order sorted by token for the gradient (`sortTokens`). */
export interface TokenIndex {
  /** FP32 `[T]` */
  readonly tokens: Tensor;
  /** FP32 `[T]` and `[V + 1]`; absent where no gradient is wanted. */
  readonly order?: Tensor;
  readonly starts?: Tensor;
}

/** table `[V, D]`, tokens `[T]` → `[T, D]`. */
export function embedding(context: Context, table: Parameter, index: TokenIndex): Variable {
  const format = activationFormat(context);
  const y = apply(context, embeddingOperator, {}, [table.value, index.tokens], format); // [T, D]
  return result(context, y, {}, (gradOutput) => {
    const { order, starts } = index;
    if (!order || !starts) return;
    const attributes = { vocabulary: table.value.shape[0]! };
    accumulate(context, table, apply(context, embeddingGrad, attributes, [gradOutput, order, starts], FP32)); // [V, D]
  });
}
