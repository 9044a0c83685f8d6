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

/**
 * The format of a gradient: of a parameter FP32, since gradients of micro-batches are summed and must not be rounded
 * before (four bytes an element where BF16 takes two); of anything else that of the activations.
 */
export const gradientFormat = (context: Context, of: Variable | Parameter): Format =>
  'name' in of ? FP32 : activationFormat(context);

/** Adds a gradient to a variable's, and takes over the hold on it. */
export function accumulate(context: Context, to: Variable | Parameter, grad: Tensor): void {
  if (!to.grad) {
    to.grad = grad;
    return;
  }
  const sum = apply(context, add, {}, [to.grad, grad], gradientFormat(context, to));
  for (const part of [to.grad, grad]) context.scope.drop(part);
  to.grad = sum;
}

/**
 * Puts the backward pass of the function that made `y` on the tape: it is given y's gradient. What it `saved` is held
 * until it has run; then that and the gradient are dropped.
 */
export function recordBackward(
  { tape, scope }: Context,
  y: Variable,
  saved: readonly Tensor[],
  backward: (grad: Tensor) => void,
): void {
  if (!tape) return;
  for (const tensor of saved) scope.hold(tensor);
  tape.record(() => {
    const grad = y.grad!;
    backward(grad);
    for (const tensor of [...saved, grad]) scope.drop(tensor);
    y.grad = null;
  });
}

/** Says that nobody reads a variable's value any more: it lives on only while the backward pass holds it. */
export const done = (context: Pick<Context, 'scope'>, { value }: Variable): void => context.scope.drop(value);
