/** @file SwiGLU (Shazeer, arXiv 2002.05202) on packed rows `[gate | up]`, plain and smoothed per token. */
import { FP32 } from '@octavo/formats';
import { scaleRows, swigluGrad, swiglu as swigluOperator, type Tensor, tokenAmax } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, result } from '../context.ts';
import type { Variable } from '../variable.ts';

/** h = up · silu(gate): `[T, 2F]` → `[T, F]`. */
export function swiglu(context: Context, gateUp: Variable): Variable {
  return run(context, gateUp, null);
}

/**
 * h = (up / t) · silu(gate), t = max |up| of the token, a constant for the gradient: `[T, 2F]` → `[T, F]` and t `[T, 1]`.
 * The block's output is to be multiplied by t (`scaleTokens`).
 */
export function swigluPerToken(context: Context, gateUp: Variable): { h: Variable; t: Tensor } {
  const t = apply(context, tokenAmax, {}, [gateUp.value], FP32); // [T, 1]
  return { h: run(context, gateUp, context.scope.hold(t)), t };
}

/** y = t · x, row by row, t a constant: `[T, D]` → `[T, D]`. */
export function scaleTokens(context: Context, x: Variable, t: Tensor): Variable {
  const format = activationFormat(context);
  const y = apply(context, scaleRows, {}, [x.value, t], format);
  return result(context, y, { consumes: [x.value], saves: [t] }, (gradOutput) =>
    accumulate(context, x, apply(context, scaleRows, {}, [gradOutput, t], format)),
  );
}

function run(context: Context, gateUp: Variable, t: Tensor | null): Variable {
  const format = activationFormat(context);
  const attributes = { perToken: t !== null };
  const more = t ? [t] : [];
  const inputs = [gateUp.value, ...more];
  const h = () => apply(context, swigluOperator, attributes, inputs, format); // [T, F]
  return result(context, h(), { saves: inputs, again: h }, (gradOutput) => {
    const given = [gateUp.value, gradOutput, ...more];
    accumulate(context, gateUp, apply(context, swigluGrad, attributes, given, format)); // [T, 2F]
  });
}
