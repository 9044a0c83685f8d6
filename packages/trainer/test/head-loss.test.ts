import { FP32, round } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import {
  activationFormat,
  beginStep,
  createPrecision,
  createTape,
  crossEntropy,
  headLoss,
  type Parameter,
  project,
  recipeOf,
  rowsAtOnce,
  variable,
} from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';

const [rows, width, vocabulary] = [300, 4, 2 ** 17];
const values = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.7);

/** Loss, gradients of x and of the weight, and the largest logit, with all logits at once or some rows at a time. */
async function compute(recipe: string, inParts: boolean) {
  const device = await createSimdDevice({ threads: 1, library: 'off' });
  const precision = createPrecision(device, recipeOf(recipe));
  const [scope, tape] = [createScope(device), createTape()];
  const context = { device, scope, tape, precision };
  const format = activationFormat(context);
  const tensor = (shape: readonly number[], of: Float32Array, as = format) => {
    const made = scope.alloc(shape, as);
    device.write(made, as === FP32 ? of : of.map((one) => round(as, one)));
    return made;
  };
  const recording = beginStep(precision, scope, { step: 0, seed: 1, microBatches: 1, sample: false });
  const x = variable(tensor([rows, width], values(rows * width, 1)));
  const value = scope.keep(tensor([vocabulary, width], values(vocabulary * width, 2)));
  const weight: Parameter = { name: 'head', value, grad: null, isMatrix: true };
  const targets = tensor(
    [rows],
    Float32Array.from({ length: rows }, (_, i) => (i % 7 ? i * 431 : -1)),
    FP32,
  );
  const factor = tensor([1], Float32Array.of(1 / rows), FP32);
  const of = { layer: null, name: 'head', operand: 'output' };
  const loss = inParts
    ? headLoss(context, x, weight, targets, factor, of)
    : crossEntropy(context, project(context, x, weight), targets, factor);
  tape.backward();
  const read = async (of: typeof loss) => [...(await device.read(of))];
  const maximum = inParts ? (await read(recording.seen[0]!.maximum!))[0]! : Number.NaN;
  const found = {
    loss: (await read(loss))[0]!,
    dx: await read(x.grad!),
    dw: await read(weight.grad!),
    maximum,
  };
  await device.destroy();
  return found;
}

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.sqrt(
    a.reduce((sum, one, i) => sum + (one - b[i]!) ** 2, 0) / b.reduce((sum, one) => sum + one ** 2, 0),
  );

describe('the head’s loss, some rows at a time', () => {
  it.each([
    ['fp32', 2e-6],
    ['bf16', 2e-6], // the parts of the weight's gradient are float32 sums
  ])('is that of all logits at once: %s', { timeout: 120_000 }, async (recipe, bound) => {
    expect(rowsAtOnce(rows, vocabulary)).toBe(256);
    const [whole, parts] = [await compute(recipe, false), await compute(recipe, true)];
    expect(parts.loss).toBe(whole.loss);
    expect(parts.dx).toEqual(whole.dx);
    expect(distance(parts.dw, whole.dw)).toBeLessThan(bound);
    expect(parts.maximum).toBeGreaterThan(1);
    expect(parts.maximum).toBeLessThan(4 * 0.7 ** 2);
  });
});
