/** @file No update of FP8 Adam is more than twice FP32 Adam's largest: on gradients of many sizes, on every device, in a model. */
import { counterRandom, E4M3FN, E5M2, FP32 } from '@octavo/formats';
import { createReferenceDevice, type Device, HYPER_LENGTH } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { type AdamFormats, adamStep, createAdamState, hyperparameterValues, tensorsOf } from '@octavo/optim';
import { afterAll, describe, expect, it } from 'vitest';
import { createDevice, createTraining, trainStep } from '../src/index.ts';
import { tinyModel, tinyPlan } from './support.ts';

const fp32: AdamFormats = {
  master: FP32,
  moment1: FP32,
  moment2: FP32,
  masterRounding: 'nearest-even',
  rounding: 'nearest-even',
  powerOfTwo: false,
  moment2Rule: 'bounded',
};
const fp8: AdamFormats = { ...fp32, moment1: E4M3FN, moment2: E5M2 };
const fp8s: readonly (readonly [string, AdamFormats])[] = [
  ['E4M3 and E5M2, nearest', fp8],
  ['E4M3 and E5M2, stochastic', { ...fp8, rounding: 'stochastic' }],
  ['both E4M3, nearest', { ...fp8, moment2: E4M3FN }],
  ['both E4M3, stochastic', { ...fp8, moment2: E4M3FN, rounding: 'stochastic' }],
  ['both E5M2, stochastic', { ...fp8, moment1: E5M2, rounding: 'stochastic' }],
];

/** Updates in learning rates, step by step, of weights that begin at 0. */
async function updates(
  device: Device,
  formats: AdamFormats,
  gradients: readonly (readonly number[])[],
): Promise<number[][]> {
  const { length } = gradients[0]!;
  const state = createAdamState(device, formats, [1, length], new Float32Array(length));
  const [grad, hyper, seed] = [[1, length], [HYPER_LENGTH], [2]].map((shape) => device.alloc(shape, FP32));
  const adam = { learningRate: 1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 };
  let before = await device.read(state.master);
  const moved: number[][] = [];
  for (const [i, g] of gradients.entries()) {
    device.write(grad!, Float32Array.from(g));
    device.write(hyper!, hyperparameterValues(adam, 1, i + 1));
    device.write(seed!, [5, i]);
    adamStep(device, state, formats, {
      grad: grad!,
      hyper: hyper!,
      seed: seed!,
      stream: 9,
      decays: false,
    });
    const after = await device.read(state.master);
    moved.push([...after].map((w, j) => before[j]! - w));
    before = after;
  }
  for (const tensor of [...tensorsOf(state), grad!, hyper!, seed!]) device.free(tensor);
  return moved;
}

const largest = (moved: readonly (readonly number[])[]): number =>
  moved.flat().reduce((most, x) => Math.max(most, Math.abs(x)), 0);

const uniform = (seed: number, i: number): number => (counterRandom(seed, i) + 1) / 2 ** 32;
const gauss = (seed: number, i: number): number =>
  Math.sqrt(-2 * Math.log(uniform(seed, 2 * i))) * Math.cos(2 * Math.PI * uniform(seed, 2 * i + 1));

const SIZE = 300;
const STEPS = 50;
const sequence = (of: (step: number, element: number) => number): number[][] =>
  Array.from({ length: STEPS }, (_, t) => Array.from({ length: SIZE }, (_, j) => of(t, j)));
const logNormal = (sigma: number) =>
  sequence((t, j) => Math.exp(sigma * gauss(1, t * SIZE + j)) * Math.sign(gauss(2, t * SIZE + j)));
/** A size for each element that lasts. */
const size = (j: number): number => Math.exp(4 * gauss(3, j));

const sequences: Readonly<Record<string, readonly (readonly number[])[]>> = {
  'one huge, one small, which then has none': [
    [1, 1e-5],
    [1, 0],
    [1, 0],
  ],
  'log-normal, σ 2': logNormal(2),
  'log-normal, σ 4': logNormal(4),
  'log-normal, σ 6': logNormal(6),
  'log-normal sizes that last': sequence((t, j) => size(j) * gauss(4, t * SIZE + j)),
  'constant, of log-normal sizes': sequence((_, j) => size(j)),
  'one huge element': sequence((t, j) => (j === 0 ? 1 : 10 ** (-3 - j / 75) * gauss(5, t * SIZE + j))),
  'one huge element, once': sequence((t, j) => (j > 0 ? 10 ** (-3 - j / 75) : t === 0 ? 1 : 0)),
  'rare, as of an embedding': sequence((t, j) =>
    uniform(6, t * SIZE + j) < 0.05 ? size(j) * gauss(7, t * SIZE + j) : 0,
  ),
  // v decays to the smallest value, and then may stall there however much comes
  'small ones that begin late': sequence((t, j) => (j === 0 ? 1 : 10 ** (-4 - j / 150) * (t < 5 ? 0.1 : 1))),
};

describe.each(['reference', 'gpu:webasm', 'simd'])('on %s', (name) => {
  const made = name === 'reference' ? Promise.resolve(createReferenceDevice()) : createDevice(name);
  afterAll(async () => (await made).destroy());

  it.each(Object.keys(sequences))('%s', async (title) => {
    const device = await made;
    const gradients = sequences[title]!;
    const exact = largest(await updates(device, fp32, gradients));
    expect(exact).toBeLessThan(1.17);
    for (const [formats, adam] of fp8s) {
      const most = largest(await updates(device, adam, gradients));
      expect(most, formats).toBeLessThan(Math.min(2 * exact, 1.17));
    }
  });

  it('the paper code’s rule exceeds FP32 Adam four hundred times', async () => {
    const device = await made;
    const pair = [
      [1, 1e-5],
      [1, 0],
    ];
    const second = async (formats: AdamFormats) => (await updates(device, formats, pair))[1]![1]!;
    expect(await second(fp32)).toBeCloseTo(0.68, 2);
    expect(await second({ ...fp8, moment2Rule: 'plain' })).toBeGreaterThan(400);
    expect(await second(fp8)).toBeLessThan(0.68);
    expect(await second(fp8)).toBeGreaterThan(0.3);
  });
});

describe('a model with 8192 tokens, most of them rare, and a head of its own, over 60 steps', () => {
  const V = 8192;
  const fp8Full = recipeOf('fp8-full');
  /** FP32 master weights, whose movements are the updates. */
  const recipe = (changes: Partial<typeof fp8Full.optimizer>) => ({
    ...fp8Full,
    optimizer: { ...fp8Full.optimizer, master: 'fp32', ...changes },
  });
  const exact = recipe({ moment1: 'fp32', moment2: 'fp32' });

  /** Of Zipf's distribution, after the token before. */
  const token = (i: number): number => Math.floor(V ** uniform(8, i)) - 1;

  async function largestUpdate(device: Device, ofRecipe: typeof fp8Full): Promise<number> {
    const rate = 3e-3;
    const plan = tinyPlan('fp8-full', {
      model: { ...tinyModel, vocabularySize: V, layers: 1, contextLength: 64, tiedHead: false },
      recipe: ofRecipe,
      batch: 4,
      sequence: 64,
      schedule: { kind: 'constant', peak: rate, warmup: 0 },
      adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 },
      sampleEvery: 0,
    });
    const training = createTraining(device, plan);
    const masters = training.optimizer.map(({ state }) => state);
    let before = await Promise.all(masters.map(({ master }) => device.read(master)));
    let most = 0;
    for (let step = 0; step < 60; step++) {
      const tokens = Array.from({ length: 257 }, (_, i) => token(step * 256 + i));
      await trainStep(training, [{ tokens: tokens.slice(0, -1), targets: tokens.slice(1) }]);
      const after = await Promise.all(masters.map(({ master }) => device.read(master)));
      for (const [i, values] of after.entries())
        for (let j = 0; j < values.length; j++)
          most = Math.max(most, Math.abs(values[j]! - before[i]![j]!) / rate);
      before = after;
    }
    return most;
  }

  it('moves no weight by more than twice what FP32 Adam does, but by the paper code’s rule', {
    tags: 'slow',
    timeout: 120_000,
  }, async () => {
    const device = await createDevice('simd');
    const reference = await largestUpdate(device, exact);
    expect(reference).toBeLessThan(1.17);
    expect(await largestUpdate(device, recipe({ moment2Rule: 'plain' }))).toBeGreaterThan(20);
    for (const rounding of ['nearest-even', 'stochastic'] as const) {
      expect(await largestUpdate(device, recipe({ rounding })), rounding).toBeLessThan(2 * reference);
    }
    await device.destroy();
  });
});
