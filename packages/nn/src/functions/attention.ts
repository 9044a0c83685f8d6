/** @file Rotary positions and causal grouped-query attention on packed rows `[q heads | k heads | v heads]`. */
import {
  attentionGrad,
  attention as attentionOperator,
  rope as ropeOperator,
  type Tensor,
} from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, result } from '../context.ts';
import type { Variable } from '../variable.ts';

export interface Heads {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** Angles of the rotation: FP32 `[P, headDim / 2]` each, and the position of every row, FP32 `[T]`. */
export interface Positions {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly positions: Tensor;
}

/** Rotates q and k by their positions (Su et al., arXiv 2104.09864; halves paired): `[T, (H + 2 KV) hd]` → the same. */
export function rope(context: Context, qkv: Variable, heads: Heads, at: Positions): Variable {
  const format = activationFormat(context);
  const { cos, sin, positions } = at;
  const rotate = (x: Tensor, inverse: boolean) =>
    apply(context, ropeOperator, { ...heads, inverse }, [x, cos, sin, positions], format);
  const y = rotate(qkv.value, false); // [T, (H + 2 KV) hd]
  return result(context, y, { consumes: [qkv.value] }, (gradOutput) =>
    accumulate(context, qkv, rotate(gradOutput, true)),
  );
}

/** Causal attention within each of `batch` sequences: `[B S, (H + 2 KV) hd]` → `[B S, H hd]`. */
export function attention(
  context: Context,
  qkv: Variable,
  shape: Heads & { batch: number; sequence: number },
): Variable {
  const format = activationFormat(context);
  const y = apply(context, attentionOperator, shape, [qkv.value], format); // [B S, H hd]
  return result(context, y, { saves: [qkv.value] }, (gradOutput) =>
    accumulate(context, qkv, apply(context, attentionGrad, shape, [qkv.value, gradOutput], format)),
  );
}
