/** @file What the operators' tests share: running one on the reference device, data, and finite differences. */
import { type Format, FP32 } from '@octavo/formats';
import { normal } from '../src/conformance/data.ts';
import {
  type Attributes,
  createReferenceDevice,
  createScope,
  elements,
  type Operator,
  type Shape,
} from '../src/index.ts';

export { normal };

export type Values = readonly [shape: Shape, values: ArrayLike<number>, format?: Format];

/** Runs an operator on a fresh reference device. */
export async function compute<A extends Attributes>(
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Values[],
  format: Format = FP32,
): Promise<Float32Array> {
  const device = createReferenceDevice();
  const scope = createScope(device);
  const tensors = inputs.map(([shape, values, inputFormat = FP32]) => {
    const tensor = scope.alloc(shape, inputFormat);
    device.write(tensor, values);
    return tensor;
  });
  const shape = operator.shape(
    attributes,
    inputs.map(([of]) => of),
  );
  const out = scope.alloc(shape, format);
  device.run(operator, attributes, tensors, [out]);
  return device.read(out);
}

export const random = (shape: Shape, seed: number, spread = 1): readonly [Shape, number[]] => [
  shape,
  Array.from(normal(elements(shape), seed, spread)),
];

/** Gradient of Σ weights · f(x) by central differences, in doubles. */
export function finiteDifferences(
  f: (x: readonly number[]) => readonly number[],
  x: readonly number[],
  weights: ArrayLike<number>,
  h = 1e-5,
): number[] {
  const objective = (at: readonly number[]) => f(at).reduce((sum, y, i) => sum + y * weights[i]!, 0);
  return x.map((value, i) => {
    const up = x.slice();
    const down = x.slice();
    up[i] = value + h;
    down[i] = value - h;
    return (objective(up) - objective(down)) / (2 * h);
  });
}

/** Largest |a − b| over the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, expected ${b.length}`);
  let error = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= error)) error = difference; // NaN counts as an error
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return error / largest;
}
