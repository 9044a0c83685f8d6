/** @file What a differentiable function needs to run, and what it does with what it is given. */
import { BF16, type Format, FP32 } from '@octavo/formats';
import { type Attributes, add, type Device, type Operator, type Scope, type Tensor } from '@octavo/kernels';
import type { Precision } from './precision.ts';
import type { Tape } from './tape.ts';
import { type Parameter, type Variable, variable } from './variable.ts';

/**
 * What is computed again in the backward pass instead of being kept: `selective`, what norms and SwiGLU put out, which is cheap
 * to compute and a fifth to a third of a block's memory; `full`, all within a block, at the price of its forward pass.
 */
export const RECOMPUTATIONS = ['none', 'selective', 'full'] as const;

export type Recompute = (typeof RECOMPUTATIONS)[number];

export interface Context {
  readonly device: Device;
  /** Temporaries live until this scope is released. */
  readonly scope: Scope;
  /** Null: no gradients are wanted. */
  readonly tape: Tape | null;
  readonly precision: Precision;
  /** Absent: `none`. */
  readonly recompute?: Recompute;
}

/** The format of what is not quantised: activations, gradients, results of GEMMs. */
export const activationFormat = ({ precision }: Pick<Context, 'precision'>): Format =>
  precision.recipe.activations === 'bf16' ? BF16 : FP32;

/**
 * The format of a gradient: of a parameter FP32, since gradients of micro-batches are summed and must not be rounded
 * before (four bytes an element where BF16 takes two); of anything else that of the activations.
 */
export const gradientFormat = (context: Context, of: Variable | Parameter): Format =>
  'name' in of ? FP32 : activationFormat(context);

/** Runs an operator into a new tensor of the context's scope. */
export function apply<A extends Attributes>(
  { device, scope }: Pick<Context, 'device' | 'scope'>,
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  format: Format,
): Tensor {
  const shapes = inputs.map(({ shape }) => shape);
  const out = scope.alloc(operator.shape(attributes, shapes), format);
  device.run(operator, attributes, inputs, [out]);
  return out;
}

/** Keeps a variable for a second function: functions free the tensors they are given. */
export function keep({ scope }: Pick<Context, 'scope'>, x: Variable): Variable {
  scope.hold(x.value);
  return x;
}

/** What a function does with tensors, and how its value may be computed again from those that it saves. */
interface Held {
  readonly consumes?: readonly Tensor[];
  readonly saves?: readonly Tensor[];
  readonly again?: (() => Tensor) | undefined;
}

/**
 * The result of a function as a variable; `backward` adds its gradient to those of the function's inputs. Tensors that the
 * function `consumes` are released at once, tensors that it `saves` after `backward` has run (without a tape: at once).
 */
export function result(
  { tape, scope }: Pick<Context, 'tape' | 'scope'>,
  value: Tensor,
  { consumes = [], saves = [], again }: Held,
  backward: (gradOutput: Tensor) => void,
): Variable {
  const y = variable(value, again);
  const drop = (tensors: readonly Tensor[]): void => {
    for (const tensor of tensors) scope.drop(tensor);
  };
  drop(tape ? consumes : [...consumes, ...saves]);
  tape?.record(() => {
    const gradOutput = y.grad!;
    backward(gradOutput);
    drop([...saves, gradOutput]);
    y.grad = null;
  });
  return y;
}

/** What `compute` makes of a tensor, which is dropped. */
export function consuming<T>({ scope }: Pick<Context, 'scope'>, x: Tensor, compute: (x: Tensor) => T): T {
  const y = compute(x);
  scope.drop(x);
  return y;
}

/** Adds a gradient to a variable's, and takes over the hold on it. */
export function accumulate(context: Context, to: Variable | Parameter, grad: Tensor): void {
  const before = to.grad;
  to.grad = before ? apply(context, add, {}, [before, grad], gradientFormat(context, to)) : grad;
  if (before) for (const part of [before, grad]) context.scope.drop(part);
}
