/** @file The residual connection. */
import { add as addOperator } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context, result } from '../context.ts';
import type { Variable } from '../variable.ts';

/** y = a + b, of one shape. */
export function add(context: Context, a: Variable, b: Variable): Variable {
  const terms = [a.value, b.value];
  const y = apply(context, addOperator, {}, terms, activationFormat(context));
  return result(context, y, { consumes: terms }, (gradOutput) => {
    for (const term of [a, b]) accumulate(context, term, context.scope.hold(gradOutput));
  });
}
