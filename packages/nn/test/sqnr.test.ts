import { counterRandom, FP32, sqnr } from '@octavo/formats';
import { createReferenceDevice, createScope, type Tensor } from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import {
  beginStep,
  createFp8Linear,
  createPrecision,
  createTape,
  endStep,
  type LinearName,
  linear,
  recipeOf,
  recipes,
  variable,
} from '../src/index.ts';

const [T, IN, OUT] = [192, 160, 144];

/** Normal numbers (sum of twelve uniforms), a few columns ten times larger, as activations have them. */
function values(rows: number, columns: number, seed: number, std: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    let sum = -6;
    for (let j = 0; j < 12; j++) sum += counterRandom(seed, 12 * i + j) / 2 ** 32;
    return sum * std * ((i % columns) % 50 === 7 ? 10 : 1);
  });
}

async function run(recipeName: string, name: LinearName) {
  const device = createReferenceDevice();
  const scope = createScope(device);
  const precision = createPrecision(device, recipeOf(recipeName));
  const tensor = (shape: number[], data: Float32Array): Tensor => {
    const t = device.alloc(shape, FP32);
    device.write(t, data);
    return t;
  };
  const weight = {
    name: 'w',
    value: tensor([OUT, IN], values(OUT, IN, 1, 0.08)),
    grad: null as Tensor | null,
    isMatrix: true,
  };
  const layer = createFp8Linear(precision, 0, name, weight);
  const x = variable(tensor([T, IN], values(T, IN, 2, 1)));
  let output = new Float32Array();
  // The second step runs on scales that the first one observed.
  for (const step of [0, 1]) {
    const recording = beginStep(precision, scope, { step, seed: 1, microBatches: 1, sample: false });
    weight.grad = null;
    x.grad = null;
    const tape = createTape();
    const y = linear({ device, scope, tape, precision }, layer, x);
    y.grad = tensor([T, OUT], values(T, OUT, 3, 1e-3));
    tape.backward();
    output = (await device.read(y.value)) as Float32Array<ArrayBuffer>;
    endStep(precision, (await device.read(recording.amaxes)).slice(0, precision.sites.length));
  }
  return { output, gradInput: await device.read(x.grad!), gradWeight: await device.read(weight.grad!) };
}

describe('signal to quantisation noise of a layer against float32', () => {
  it.each(Object.keys(recipes).filter((name) => name !== 'fp32'))(
    '%s: output and both gradients above 20 dB',
    async (name) => {
      const linears: LinearName[] = ['gateUp', 'down'];
      for (const linearName of linears) {
        const exact = await run('fp32', linearName);
        const rounded = await run(name, linearName);
        const figures = Object.fromEntries(
          Object.entries(exact).map(([k, v]) => [k, sqnr(v, rounded[k as keyof typeof exact])]),
        );
        for (const [which, figure] of Object.entries(figures))
          expect(figure, `${linearName} ${which}`).toBeGreaterThan(20);
      }
    },
  );
});
