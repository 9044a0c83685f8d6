/** @file What a differentiable function needs to run: where, until when, on which tape, in which precision. */
import { BF16, type Format, FP32 } from '@octavo/formats';
import { type Attributes, add, type Device, type Operator, type Scope, type Tensor } from '@octavo/kernels';
import type { Precision } from './precision.ts';
import type { Tape } from './tape.ts';
import type { Parameter, Variable } from './variable.ts';

export interface Context {
  readonly device: Device;
  /** Temporaries live until this scope is released. */
  readonly scope: Scope;
  /** Null: no gradients are wanted. */
  readonly tape: Tape | null;
  readonly precision: Precision;
}

/** The format of what is not quantised: activations, gradients, results of GEMMs. */
export const activationFormat = (context: Context): Format =>
  context.precision.recipe.activations === 'bf16' ? BF16 : FP32;

/** Runs an operator into a new tensor of the context's scope. */
export function apply<A extends Attributes>(
  context: Pick<Context, 'device' | 'scope'>,
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  format: Format,
): Tensor {
  const shape = operator.shape(
    attributes,
    inputs.map((input) => input.shape),
  );
  const out = context.scope.alloc(shape, format);
  context.device.run(operator, attributes, inputs, out);
  return out;
}

/** Adds a gradient to a variable's; a parameter's sum is kept in float32. */
export function accumulate(context: Context, to: Variable | Parameter, grad: Tensor): void {
  if (!to.grad) {
    to.grad = grad;
    return;
  }
  const format = 'name' in to ? FP32 : activationFormat(context);
  to.grad = apply(context, add, {}, [to.grad, grad], format);
}
