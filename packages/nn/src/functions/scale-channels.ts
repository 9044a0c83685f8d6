/** @file Products with one number a channel, and the powers of two of Smooth-SwiGLU (arXiv 2409.12517). */
import { FP32 } from '@octavo/formats';
import { amax, matrixShape, scaleColumns, smoothScale, type Tensor } from '@octavo/kernels';
import {
  accumulate,
  activationFormat,
  apply,
  type Context,
  consuming,
  gradientFormat,
  result,
} from '../context.ts';
import type { Parameter, Variable } from '../variable.ts';

/** y = x · s, column by column, s a constant: `[R, C]`, s `[1, C]` → `[R, C]`. */
export function scaleChannels(context: Context, x: Variable | Parameter, s: Tensor): Variable {
  const format = activationFormat(context);
  const scaled = (of: Tensor) => apply(context, scaleColumns, {}, [of, s], format);
  const before = 'again' in x ? x.again : undefined;
  const again = before && (() => consuming(context, before(), scaled));
  return result(context, scaled(x.value), { consumes: [x.value], saves: [s], again }, (gradOutput) => {
    accumulate(context, x, apply(context, scaleColumns, {}, [gradOutput, s], gradientFormat(context, x)));
  });
}

/** s_j = 2^-⌈log2 max_t |h_tj|⌉ (1 where a channel is zero) and 1 / s_j, both exact: h `[T, F]` → `[1, F]` each. */
export function smoothFactors(context: Context, h: Tensor): { s: Tensor; inverse: Tensor } {
  const [rows] = matrixShape(h.shape);
  const maxima = apply(context, amax, { blockRows: rows, blockColumns: 1 }, [h], FP32);
  const s = apply(context, smoothScale, {}, [maxima], FP32);
  context.scope.drop(maxima);
  return { s, inverse: apply(context, smoothScale, {}, [s], FP32) }; // of a power of two: its reciprocal
}
