/** @file Smooth-SwiGLU folded into the weight's cast, held to its formulas written out in float64. */
import { createCodes, decodeArray, E4M3FN, encodeArray, FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope, type Tensor } from '@octavo/kernels';
import { fixed } from '@octavo/scaling';
import { afterAll, expect, it } from 'vitest';
import {
  type CastRecipe,
  createFp8Linear,
  createPrecision,
  createTape,
  linear,
  type Recipe,
  recipeOf,
  variable,
  writeScales,
} from '../src/index.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const [T, F, D] = [5, 6, 3];
const cast: CastRecipe = {
  format: 'e4m3fn',
  policy: fixed(1),
  granularity: { kind: 'tensor' },
  rounding: 'nearest-even',
  overflow: 'saturate',
};
const recipe: Recipe = {
  ...recipeOf('fp32'),
  linear: {
    output: { input: cast, weight: cast },
    gradInput: { grad: null, weight: cast },
    gradWeight: { grad: null, input: cast },
  },
  smoothSwiglu: 'channel-folded',
};

const q = (values: readonly number[]): Float32Array => {
  const codes = encodeArray(E4M3FN, Float32Array.from(values), createCodes(E4M3FN, values.length), {
    rounding: 'nearest-even',
    overflow: 'saturate',
    seed: 0,
  });
  return decodeArray(E4M3FN, codes, new Float32Array(values.length));
};
/** Channel 2 an outlier, channel 4 silent. */
const values = (length: number, width: number, size = (_: number) => 1): number[] =>
  Array.from({ length }, (_, i) => Math.fround(Math.sin(i * 1.7 + length) * size(i % width)));
const sizes = [1, 30, 4000, 0.01, 0, 2];
const x = values(T * F, F, (j) => sizes[j]!);
const w = values(D * F, F);
const dy = values(T * D, D);
const s = sizes.map((_, j) => {
  const largest = Math.max(...Array.from({ length: T }, (_, t) => Math.abs(x[t * F + j]!)));
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
});

it('y = Q(s ⊙ x) · Q(W / s)ᵀ, dx = s ⊙ (dy · Q(W / s)), dW = (dyᵀ · Q(s ⊙ x)) / s', async () => {
  const precision = createPrecision(device, recipe);
  const tensor = (rows: number, columns: number, data: readonly number[]): Tensor => {
    const made = device.alloc([rows, columns], FP32);
    device.write(made, data);
    return made;
  };
  const weight = { name: 'w', value: tensor(D, F, w), grad: null as Tensor | null, isMatrix: true };
  const down = createFp8Linear(precision, 0, 'down', weight);
  writeScales(precision);
  const scope = createScope(device);
  const tape = createTape();
  const input = variable(tensor(T, F, x));
  const y = linear({ device, scope, tape, precision }, down, input);
  y.grad = tensor(T, D, dy);
  tape.backward();

  const qx = q(x.map((v, i) => v * s[i % F]!));
  const qw = q(w.map((v, i) => v / s[i % F]!));
  const product = (
    rows: number,
    columns: number,
    depth: number,
    term: (r: number, c: number, k: number) => number,
  ) =>
    Array.from({ length: rows * columns }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += term(Math.floor(i / columns), i % columns, k);
      return sum;
    });
  const close = async (got: Tensor, expected: readonly number[]): Promise<void> => {
    const read = await device.read(got);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [i, e] of expected.entries()) expect(Math.abs(read[i]! - e)).toBeLessThan(1e-6 * largest);
  };
  await close(
    y.value,
    product(T, D, F, (t, o, j) => qx[t * F + j]! * qw[o * F + j]!),
  );
  await close(
    input.grad!,
    product(T, F, D, (t, j, o) => s[j]! * dy[t * D + o]! * qw[o * F + j]!),
  );
  await close(
    weight.grad!,
    product(D, F, T, (o, j, t) => (dy[t * D + o]! * qx[t * F + j]!) / s[j]!),
  );
  scope.release();
});

it("the weight is cast for each micro-batch's own activations", async () => {
  const precision = createPrecision(device, { ...recipe, linear: recipeOf('fp8').linear });
  const made = device.alloc([D, F], FP32);
  device.write(made, w);
  const down = createFp8Linear(precision, 0, 'down', { name: 'w', value: made, grad: null, isMatrix: true });
  const shown: Promise<Float32Array>[] = [];
  precision.onOperand = ({ operand }, value) => {
    if (operand === 'weight') shown.push(device.read(value));
  };
  const scope = createScope(device);
  for (const factor of [1, 64]) {
    const input = device.alloc([T, F], FP32);
    device.write(
      input,
      x.map((v) => v * factor),
    );
    linear({ device, scope, tape: null, precision }, down, variable(input));
  }
  const [first, second] = await Promise.all(shown);
  const silent = (j: number): boolean => sizes[j] === 0;
  expect([...second!]).toEqual([...first!].map((v, i) => (silent(i % F) ? v : v * 64)));
  expect(precision.weights.size).toBe(0);
  scope.release();
});

it('takes block scales as well: in blocks of one row nothing of the quiet channels is lost to the outlier', async () => {
  const precision = createPrecision(device, { ...recipe, linear: recipeOf('fp8-block').linear });
  const tensor = (rows: number, columns: number, data: readonly number[]): Tensor => {
    const made = device.alloc([rows, columns], FP32);
    device.write(made, data);
    return made;
  };
  const weight = { name: 'w', value: tensor(D, F, w), grad: null, isMatrix: true };
  const down = createFp8Linear(precision, 0, 'down', weight);
  const scope = createScope(device);
  const y = linear({ device, scope, tape: null, precision }, down, variable(tensor(T, F, x)));
  const got = await device.read(y.value);
  for (let t = 0; t < T; t++) {
    for (let o = 0; o < D; o++) {
      const terms = Array.from({ length: F }, (_, j) => x[t * F + j]! * w[o * F + j]!);
      const size = Math.max(...terms.map(Math.abs));
      expect(Math.abs(got[t * D + o]! - terms.reduce((a, b) => a + b))).toBeLessThan(0.2 * size);
    }
  }
  scope.release();
});
