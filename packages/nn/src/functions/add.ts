/** @file The residual connection. */
import { add as addOperator } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, recordBackward } from '../context.ts';
import { type Variable, variable } from '../variable.ts';

/** y = a + b, of one shape. */
export function add(context: Context, a: Variable, b: Variable): Variable {
  const y = variable(apply(context, addOperator, {}, [a.value, b.value], activationFormat(context)));
  recordBackward(context, y, [], (grad) => {
    for (const part of [a, b]) accumulate(context, part, context.scope.hold(grad));
  });
  return y;
}
