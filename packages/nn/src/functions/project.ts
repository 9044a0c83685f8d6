/** @file The output head: a linear layer that every recipe leaves in the format of the activations. */
import { FP32 } from '@octavo/formats';
import { accumulate, activationFormat, type Context, recordBackward } from '../context.ts';
import { matmul } from '../operand.ts';
import { type Parameter, type Variable, variable } from '../variable.ts';

/** y = x Wᵀ: x `[T, D]`, weight `[V, D]` → `[T, V]`. */
export function project(context: Context, x: Variable, weight: Parameter): Variable {
  const format = activationFormat(context);
  const y = variable(matmul(context, x.value, weight.value, { b: true }, format)); // [T, V]
  recordBackward(context, y, [x.value], (grad) => {
    accumulate(context, x, matmul(context, grad, weight.value, {}, format)); // [T, D]
    accumulate(context, weight, matmul(context, grad, x.value, { a: true }, FP32)); // [V, D]
  });
  return y;
}
