/** @file Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467). */
import { FP32 } from '@octavo/formats';
import { rmsNormGradGain, rmsNormGradInput, rmsNorm as rmsNormOperator } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, result } from '../context.ts';
import type { Parameter, Variable } from '../variable.ts';

/** y = x / √(mean x² + ε) · gain: x `[T, D]`, gain `[D]` → `[T, D]`. */
export function rmsNorm(context: Context, x: Variable, gain: Parameter, epsilon: number): Variable {
  const format = activationFormat(context);
  const normed = () => apply(context, rmsNormOperator, { epsilon }, [x.value, gain.value], format); // [T, D]
  return result(context, normed(), { saves: [x.value], again: normed }, (gradOutput) => {
    const inputs = [gradOutput, x.value];
    accumulate(context, gain, apply(context, rmsNormGradGain, { epsilon }, inputs, FP32)); // [D]
    accumulate(context, x, apply(context, rmsNormGradInput, { epsilon }, [...inputs, gain.value], format)); // [T, D]
  });
}
