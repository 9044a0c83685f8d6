/** @file An MLP on a device that shows everything on its way: values forward, gradients back. */
import { BF16, type Format, FP32 } from '@octavo/formats';
import { createScope, type Device, type Tensor } from '@octavo/kernels';
import { type Matrix, matrix } from '../../../tooling/oracle/matrix.ts';
import {
  type Context,
  createFp8Linear,
  createPrecision,
  createTape,
  type Fp8Linear,
  keep,
  linear,
  type Parameter,
  type Precision,
  type Recipe,
  scaleTokens,
  swiglu,
  swigluPerToken,
  type Variable,
  variable,
} from '../src/index.ts';

export interface Mlp {
  readonly device: Device;
  readonly precision: Precision;
  /** Of activations. */
  readonly format: Format;
  readonly layers: { readonly gateUp: Fp8Linear; readonly down: Fp8Linear };
}

export function createMlp(device: Device, recipe: Recipe, weights: { gateUp: Matrix; down: Matrix }): Mlp {
  const precision = createPrecision(device, recipe);
  const format = recipe.activations === 'bf16' ? BF16 : FP32;
  const layer = (name: 'gateUp' | 'down') => {
    const value = upload(device, weights[name], format);
    return createFp8Linear(precision, 0, name, { name, value, grad: null, isMatrix: true });
  };
  return { device, precision, format, layers: { gateUp: layer('gateUp'), down: layer('down') } };
}

/** What one micro-batch's forward and backward pass shows, from a gradient of `out`. */
export interface Passed {
  readonly gateUp: Matrix;
  /** Smooth-SwiGLU per token: the token's factors. */
  readonly t: readonly number[] | null;
  readonly h: Matrix;
  readonly y: Matrix;
  /** t · y, or y. */
  readonly out: Matrix;
  readonly dy: Matrix;
  readonly dh: Matrix;
  readonly dGateUp: Matrix;
  readonly dx: Matrix;
}

/** out = down(swiglu(gateUp(x))) and back; the weights' gradients are added to their `grad`. */
export async function pass(mlp: Mlp, x: Matrix, grad: Matrix): Promise<Passed> {
  const { device, precision, format, layers } = mlp;
  const scope = createScope(device);
  const tape = createTape();
  const context: Context = { device, scope, tape, precision };
  const input = variable(upload(device, x, format));

  const gateUp = linear(context, layers.gateUp, input); // [T, 2F]
  const dGateUp = gradientOf(context, gateUp);
  const { h, t } = activated(context, gateUp); // [T, F]
  const dh = gradientOf(context, h);
  const y = linear(context, layers.down, keep(context, h)); // [T, D]
  const dy = gradientOf(context, y);
  const out = t ? scaleTokens(context, keep(context, y), scope.hold(t)) : y;

  const values = await Promise.all([gateUp, h, y, out].map(({ value }) => read(device, value)));
  out.grad = upload(device, grad, format);
  tape.backward();
  const grads = await Promise.all([dy(), dh(), dGateUp(), read(device, input.grad!)]);
  const factors = t && Array.from(await device.read(t));
  for (const { weight } of Object.values(layers)) scope.keep(weight.grad!);
  scope.release();
  const [gateUpValue, hValue, yValue, outValue] = values as [Matrix, Matrix, Matrix, Matrix];
  const [dyValue, dhValue, dGateUpValue, dx] = grads;
  return {
    gateUp: gateUpValue,
    t: factors,
    h: hValue,
    y: yValue,
    out: outValue,
    dy: dyValue,
    dh: dhValue,
    dGateUp: dGateUpValue,
    dx,
  };
}

function activated(context: Context, gateUp: Variable): { h: Variable; t: Tensor | null } {
  const perToken = context.precision.recipe.smoothSwiglu === 'token';
  return perToken ? swigluPerToken(context, gateUp) : { h: swiglu(context, gateUp), t: null };
}

/** Keeps a variable's gradient as the backward pass comes by. */
function gradientOf({ device, tape }: Context, of: Variable): () => Promise<Matrix> {
  let seen: Promise<Matrix> | null = null;
  tape!.record(() => {
    seen = read(device, of.grad!);
  });
  return () => seen!;
}

export function upload(device: Device, { rows, columns, data }: Matrix, format: Format): Tensor {
  const tensor = device.alloc([rows, columns], format);
  device.write(tensor, Float32Array.from(data));
  return tensor;
}

export async function read(device: Device, tensor: Tensor): Promise<Matrix> {
  return matrix(tensor.shape[0]!, tensor.shape[1]!, await device.read(tensor));
}

/** Puts another value in a weight's place, and forgets its gradient. */
export function replace({ device, format }: Mlp, weight: Parameter, value: Matrix): void {
  device.free(weight.value);
  if (weight.grad) device.free(weight.grad);
  weight.value = upload(device, value, format);
  weight.grad = null;
}
