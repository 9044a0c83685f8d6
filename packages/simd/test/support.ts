/** @file Test inputs, and the same operator on two devices. */
import { BF16, counterRandom, type Format, FP32, round } from '@octavo/formats';
import {
  type Attributes,
  createReferenceDevice,
  type Device,
  type Operator,
  type Shape,
} from '@octavo/kernels';

/** Deterministic numbers around 0, roughly normal, `spread` wide. */
export function normal(length: number, seed: number, spread = 1): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 4; k++) sum += counterRandom(seed * 4 + k, i) / 2 ** 32 - 0.5;
    return sum * 1.7 * spread;
  });
}

export interface Input {
  readonly shape: Shape;
  readonly format: Format;
  readonly values: Float32Array;
}

const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** A tensor of normal numbers, on the grid of its format. */
export function input(shape: Shape, seed: number, format: Format = FP32, spread = 1): Input {
  const values = normal(size(shape), seed, spread);
  return { shape, format, values: values.map((x) => round(format, x)) };
}

export function given(shape: Shape, values: ArrayLike<number>, format: Format = FP32): Input {
  return { shape, format, values: Float32Array.from(values) };
}

/** Runs one operator; frees all it took. */
export async function compute<A extends Attributes>(
  device: Device,
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Input[],
  outFormat: Format = FP32,
): Promise<Float32Array> {
  const tensors = inputs.map(({ shape, format, values }) => {
    const tensor = device.alloc(shape, format);
    device.write(tensor, values);
    return tensor;
  });
  const out = device.alloc(
    operator.shape(
      attributes,
      inputs.map((i) => i.shape),
    ),
    outFormat,
  );
  device.run(operator, attributes, tensors, [out]);
  await device.flush();
  const result = await device.read(out);
  for (const tensor of [...tensors, out]) device.free(tensor);
  return result;
}

const reference = createReferenceDevice();

export const expected = <A extends Attributes>(
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Input[],
  outFormat: Format = FP32,
): Promise<Float32Array> => compute(reference, operator, attributes, inputs, outFormat);

/** Largest difference, relative to the largest magnitude expected; NaN must meet NaN. BF16 may be off by one unit. */
export function error(actual: Float32Array, wanted: Float32Array, format: Format = FP32): number {
  let most = 0;
  let worst = 0;
  for (const x of wanted) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  for (let i = 0; i < wanted.length; i++) {
    if (Object.is(actual[i], wanted[i])) continue;
    if (!Number.isFinite(actual[i]!) || !Number.isFinite(wanted[i]!)) {
      if (actual[i] === wanted[i] || (Number.isNaN(actual[i]) && Number.isNaN(wanted[i]))) continue;
      return Number.POSITIVE_INFINITY;
    }
    const slack = format === BF16 ? Math.abs(wanted[i]!) * 2 ** -7 : 0;
    worst = Math.max(worst, Math.abs(actual[i]! - wanted[i]!) - slack);
  }
  return worst <= 0 ? 0 : worst / (most || 1);
}
