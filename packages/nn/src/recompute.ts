/**
 * @file Activations computed again in the backward pass instead of being kept (Chen et al., arXiv 1604.06174), to the bit.
 *
 * A cast is seen once: maxima, statistics and scaling states come from the first time, and the second draws the same
 * random bits, since a micro-batch's stream stays what it is until the next begins.
 */
import { createScope } from '@octavo/kernels';
import { accumulate, type Context, result } from './context.ts';
import type { Precision } from './precision.ts';
import { createTape } from './tape.ts';
import { type Variable, variable } from './variable.ts';

/** y = run(x), of which only x is kept. `run` must compute the same again from the same values. */
export function recomputed(
  context: Context,
  x: Variable,
  run: (context: Context, x: Variable) => Variable,
): Variable {
  if (!context.tape) return run(context, x);
  const { device, scope, precision } = context;
  // with a tape, so that operands of the backward pass are cast and seen, too; all of it but y goes at once
  const passing = createScope(device);
  const y = scope.adopt(passing.keep(run({ ...context, scope: passing, tape: createTape() }, x).value));
  passing.release();
  return result(context, y, { saves: [x.value] }, (gradOutput) => {
    const tape = createTape();
    const [from, own] = [variable(scope.hold(x.value)), { ...context, tape }];
    const again = unseen(precision, () => run(own, from));
    scope.drop(again.value);
    again.grad = scope.hold(gradOutput);
    tape.backward();
    accumulate(context, x, from.grad!);
  });
}

/** What `compute` gives, with nobody watching its casts. */
export function unseen<T>(precision: Precision, compute: () => T): T {
  const { recording, onOperand } = precision;
  precision.recording = null;
  precision.onOperand = null;
  try {
    return compute();
  } finally {
    precision.recording = recording;
    precision.onOperand = onOperand;
  }
}
