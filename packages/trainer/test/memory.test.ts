/**
 * @file What is reckoned of a run's memory against what its step takes.
 * @module-tag slow
 */
import { createLlama, generate, llamaConfigOf } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import { batchLoss, createDevice, createTraining, memoryNeeded, trainStep } from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const model = { ...llamaConfigOf('nano'), vocabularySize: 512, layers: 2 };

describe.each(['fp8-full', 'bf16', 'fp32', 'fp8-current'])('%s', (recipe) => {
  it.each([
    [{}, 2, 128, 'none', 1],
    [{ ffnSize: 704 }, 4, 64, 'none', 3],
    [{ vocabularySize: 2048, keyValueHeads: 1 }, 4, 128, 'none', 1],
    [{ layers: 6 }, 16, 128, 'selective', 2],
    [{ layers: 6 }, 16, 128, 'full', 1],
    [{ vocabularySize: 32_768, layers: 1 }, 12, 128, 'full', 1],
    [{ vocabularySize: 32_768, layers: 1, tiedHead: true }, 2, 128, 'none', 2],
  ] as const)(
    '%j, %i x %i tokens, %s computed again, %i micro-batches: about the step’s peak',
    async (...given) => {
      const [change, batch, sequence, recompute, accumulation] = given;
      const shape = {
        model: { ...model, ...change },
        batch,
        sequence,
        recompute,
        accumulation,
        sampleEvery: 1,
      };
      const plan = tinyPlan(recipe, shape);
      const device = await createDevice('simd', { threads: 1 });
      const training = createTraining(device, plan);
      training.safety.holds = true; // as a run with files does
      const source = circleSource(plan);
      for (let step = 0; step < 3; step++)
        await trainStep(
          training,
          Array.from({ length: accumulation }, () => source.next()),
        );
      const { peak } = device.memory();
      const { total } = memoryNeeded({ kind: 'train', ...plan });
      await device.destroy();
      expect(total / peak).toBeGreaterThan(0.7);
      expect(total / peak).toBeLessThan(1.3);
    },
  );
});

describe.each(['fp8-full', 'bf16', 'fp32', 'mxfp8'])('%s, without training', (recipe) => {
  const shapes = [
    [{}, 2, 128],
    [{ ffnSize: 704 }, 4, 64],
    [{ vocabularySize: 2048, keyValueHeads: 1 }, 4, 128],
    [{ layers: 6 }, 1, 64],
  ] as const;
  const setUp = async (change: object) => {
    const config = { ...model, contextLength: 256, ...change };
    const device = await createDevice('simd', { threads: 1 });
    return { config, llama: createLlama(config, createPrecision(device, recipeOf(recipe)), { seed: 1 }) };
  };

  it.each(shapes)('%j, %i x %i tokens: about the peak of an evaluation', async (change, batch, sequence) => {
    const { config, llama } = await setUp(change);
    const plan = tinyPlan(recipe, { model: config, batch, sequence });
    await batchLoss(llama, circleSource(plan).next(), sequence);
    const { peak } = llama.device.memory();
    await llama.device.destroy();
    const { total } = memoryNeeded({ kind: 'evaluate', ...plan });
    expect(total / peak).toBeGreaterThan(0.75);
    expect(total / peak).toBeLessThan(1.25);
  });

  it.each(shapes)('%j: about the peak of generation', async (change) => {
    const { config, llama } = await setUp(change);
    const made: number[] = [];
    for await (const token of generate(llama, [1, 2, 3], { temperature: 0, seed: 1, count: 2 }))
      made.push(token);
    const { peak } = llama.device.memory();
    await llama.device.destroy();
    const { total } = memoryNeeded({ kind: 'generate', ...tinyPlan(recipe, { model: config }) });
    expect(made).toHaveLength(2);
    expect(total / peak).toBeGreaterThan(0.75);
    expect(total / peak).toBeLessThan(1.25);
  });
});

it('reckons with the largest models without holding any', () => {
  const plan = tinyPlan('fp8-full', { model: llamaConfigOf('llama2-7b') });
  const needs = (['train', 'evaluate', 'generate'] as const).map((kind) => memoryNeeded({ kind, ...plan }));
  expect(needs.map(({ parameters }) => parameters)).toEqual(Array(3).fill(6_738_415_616));
  const [train, evaluate, generation] = needs.map(({ total }) => total / 1e9);
  expect(train).toBeGreaterThan(60);
  expect(evaluate).toBeGreaterThan(19); // 2 bytes a parameter, one more a weight of a linear layer
  expect(generation! - evaluate!).toBeCloseTo(2.1, 0); // keys and values of 4096 tokens
  expect(generation).toBeLessThan(25);
});
