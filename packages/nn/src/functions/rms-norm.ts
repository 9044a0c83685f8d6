/** @file Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467). */
import { FP32 } from '@octavo/formats';
import { rmsNormGradGain, rmsNormGradInput, rmsNorm as rmsNormOperator } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, recordBackward } from '../context.ts';
import { type Parameter, type Variable, variable } from '../variable.ts';

/** y = x / √(mean x² + ε) · gain: x `[T, D]`, gain `[D]` → `[T, D]`. */
export function rmsNorm(context: Context, x: Variable, gain: Parameter, epsilon: number): Variable {
  const format = activationFormat(context);
  const y = variable(apply(context, rmsNormOperator, { epsilon }, [x.value, gain.value], format)); // [T, D]
  recordBackward(context, y, [x.value], (grad) => {
    accumulate(context, gain, apply(context, rmsNormGradGain, { epsilon }, [grad, x.value], FP32)); // [D]
    const inputs = [grad, x.value, gain.value];
    accumulate(context, x, apply(context, rmsNormGradInput, { epsilon }, inputs, format)); // [T, D]
  });
  return y;
}
