// @module-tag slow
import { counterRandom, FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope, type Device, type Run } from '@octavo/kernels';
import {
  beginMicroBatch,
  beginStep,
  type CastRecipe,
  createPrecision,
  type MatrixOperand,
  quantize,
  quantizeSmooth,
  recipeOf,
  siteOf,
} from '@octavo/nn';
import { current, delayed } from '@octavo/scaling';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import { createDevice, createTraining, trainStep } from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const [ROWS, COLUMNS, MICRO_BATCHES] = [64, 96, 8];

const cast = (policy: CastRecipe['policy']): CastRecipe => ({
  format: 'e5m2',
  policy,
  granularity: { kind: 'tensor' },
  rounding: 'stochastic',
  overflow: 'saturate',
});

const paths = {
  'a delayed scale': { recipe: cast(delayed({ first: 'one' })), quantize },
  'a current scale': { recipe: cast(current()), quantize },
  'scales by block': {
    recipe: { ...cast(current()), granularity: { kind: 'block', rows: 1, columns: 32 } },
    quantize,
  },
  'the smoothed cast': { recipe: cast(current()), quantize: quantizeSmooth },
} as const satisfies Record<string, { recipe: CastRecipe; quantize: typeof quantize }>;

/** The rounding errors of one tensor, cast once a micro-batch of steps 5 and 6, at two sites. */
async function errors(device: Device, path: keyof typeof paths): Promise<Float64Array[]> {
  const { recipe, quantize } = paths[path];
  const precision = createPrecision(device, recipeOf('bf16'));
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => counterRandom(9, i) / 2 ** 32 - 0.5);
  const x = device.alloc([ROWS, COLUMNS], FP32);
  device.write(x, values);
  const sites = ['qkv', 'down'].map((name) => siteOf(precision, 0, name, 'grad', recipe));
  const found: Float64Array[] = [];
  for (const step of [5, 6]) {
    const scope = createScope(device);
    beginStep(precision, scope, { step, seed: 7, microBatches: MICRO_BATCHES, sample: false });
    for (let micro = 0; micro < MICRO_BATCHES; micro++) {
      beginMicroBatch(precision, micro);
      for (const site of sites) {
        const operand = quantize({ device, scope, tape: null, precision }, site, x);
        found.push(await errorsOf(device, operand, values));
      }
    }
    scope.release();
  }
  return found;
}

async function errorsOf(device: Device, operand: MatrixOperand, values: Float32Array): Promise<Float64Array> {
  if (!('codes' in operand)) throw new Error('expected codes');
  const [codes, scale] = [await device.read(operand.codes), await device.read(operand.scale)];
  const { rows, columns } = operand.block;
  const across = Math.ceil(COLUMNS / columns);
  return Float64Array.from(values, (x, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    return codes[i]! / scale[Math.floor(row / rows) * across + Math.floor(column / columns)]! - x;
  });
}

const sumOf = (of: (i: number) => number, n = ROWS * COLUMNS): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += of(i);
  return sum;
};

const correlation = (a: Float64Array, b: Float64Array): number =>
  sumOf((i) => a[i]! * b[i]!) / Math.sqrt(sumOf((i) => a[i]! ** 2) * sumOf((i) => b[i]! ** 2));

describe.each(Object.keys(paths) as (keyof typeof paths)[])('stochastic rounding under %s', (path) => {
  it('draws anew for every step, site and micro-batch', async () => {
    const device = await createSimdDevice({ threads: 1 });
    const drawn = await errors(device, path);
    await device.destroy();
    // Independent errors of n elements correlate by 1/√n, 0.0128: five times that in 496 pairs is one chance in 3,500.
    for (let a = 0; a < drawn.length; a++)
      for (let b = 0; b < a; b++)
        expect(Math.abs(correlation(drawn[a]!, drawn[b]!)), `draws ${a} and ${b}`).toBeLessThan(
          5 / Math.sqrt(ROWS * COLUMNS),
        );
    const site = drawn.filter((_, i) => i % 2 === 0).slice(0, MICRO_BATCHES);
    const single = sumOf((m) => sumOf((i) => site[m]![i]! ** 2), MICRO_BATCHES) / MICRO_BATCHES;
    const mean = sumOf((i) => (sumOf((m) => site[m]![i]!, MICRO_BATCHES) / MICRO_BATCHES) ** 2);
    expect((mean / single) * MICRO_BATCHES).toBeGreaterThan(0.85);
    expect((mean / single) * MICRO_BATCHES).toBeLessThan(1.15);
  });

  it('draws the same on every device with any number of threads', async () => {
    const expected = await errors(createReferenceDevice(), path);
    for (const device of [
      await createSimdDevice({ threads: 1 }),
      await createSimdDevice({ threads: 3 }),
      await createDevice('gpu:webasm'),
    ]) {
      expect(await errors(device, path), device.description).toEqual(expected);
      await device.destroy();
    }
  });
});

it('the optimizer rounds no two of its tensors by the same bits', async () => {
  const streams: number[] = [];
  const device = createReferenceDevice();
  const plan = tinyPlan('fp8-full', { sampleEvery: 0 });
  const stochastic = {
    ...plan.recipe,
    optimizer: {
      ...plan.recipe.optimizer,
      rounding: 'stochastic' as const,
      masterRounding: 'stochastic' as const,
    },
  };
  const training = createTraining(device, { ...plan, recipe: stochastic });
  const run: Run = device.run;
  const noting: Run = (operator, attributes, inputs, outs) => {
    if (operator.name === 'cast' && attributes.rounding === 'stochastic')
      streams.push(attributes.stream as number);
    run(operator, attributes, inputs, outs);
  };
  Object.assign(device, { run: noting }); // parts of compositions come by, too
  await trainStep(training, [circleSource(plan).next()]);
  expect(streams).toHaveLength(3 * training.model.parameters.filter((p) => p.isMatrix).length);
  expect(new Set(streams).size).toBe(streams.length);
});
