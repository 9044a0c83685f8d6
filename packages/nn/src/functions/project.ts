/** @file The output head: a linear layer that every recipe leaves in the format of the activations. */
import { accumulate, activationFormat, type Context } from '../context.ts';
import { matmul } from '../operand.ts';
import { type Parameter, type Variable, variable } from '../variable.ts';

/** y = x Wᵀ: x `[T, D]`, weight `[V, D]` → `[T, V]`. */
export function project(context: Context, x: Variable, weight: Parameter): Variable {
  const format = activationFormat(context);
  const y = variable(matmul(context, x.value, weight.value, { b: true }, format)); // [T, V]
  context.tape?.record(() => {
    accumulate(context, x, matmul(context, y.grad!, weight.value, {}, format)); // [T, D]
    accumulate(context, weight, matmul(context, y.grad!, x.value, { a: true }, format)); // [V, D]
  });
  return y;
}
