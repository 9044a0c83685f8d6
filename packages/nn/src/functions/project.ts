/** @file The output head: a linear layer that every recipe leaves in the format of the activations. */
import { FP32 } from '@octavo/formats';
import { accumulate, activationFormat, type Context, result } from '../context.ts';
import { keepOperand, matmul } from '../operand.ts';
import type { Parameter, Variable } from '../variable.ts';

/** y = x Wᵀ: x `[T, D]`, weight `[V, D]` → `[T, V]`. */
export function project(context: Context, x: Variable, weight: Parameter): Variable {
  const format = activationFormat(context);
  const input = context.tape ? keepOperand(context, x.value) : x.value;
  const y = matmul(context, input, weight.value, { b: true }, format); // [T, V]
  return result(context, y, {}, (gradOutput) => {
    accumulate(context, x, matmul(context, keepOperand(context, gradOutput), weight.value, {}, format)); // [T, D]
    accumulate(context, weight, matmul(context, keepOperand(context, gradOutput), input, { a: true }, FP32)); // [V, D]
  });
}
