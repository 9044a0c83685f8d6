/** @file What is reckoned of a run's memory against what its step takes. */
import { llamaConfigOf } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import { createDevice, createTraining, memoryNeeded, trainStep } from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const model = { ...llamaConfigOf('nano'), vocabularySize: 512, layers: 2 };

describe.each(['fp8-full', 'bf16', 'fp32', 'fp8-current'])('%s', (recipe) => {
  it.each([
    [{}, 2, 128],
    [{ ffnSize: 704 }, 4, 64],
    [{ vocabularySize: 2048, keyValueHeads: 1 }, 4, 128],
  ])('%j, %i x %i tokens: about the step’s peak', async (change, batch, sequence) => {
    const plan = tinyPlan(recipe, { model: { ...model, ...change }, batch, sequence, sampleEvery: 0 });
    const device = await createDevice('simd', { threads: 1 });
    const training = createTraining(device, plan);
    await trainStep(training, [circleSource(plan).next()]);
    const { peak } = device.memory();
    const { total } = memoryNeeded(plan);
    await device.destroy();
    expect(total / peak).toBeGreaterThan(0.7);
    expect(total / peak).toBeLessThan(1.3);
  });
});

it('reckons with the largest models without holding any', () => {
  const need = memoryNeeded(
    tinyPlan('fp8-full', { model: llamaConfigOf('llama2-7b'), recipe: recipeOf('fp8-full') }),
  );
  expect(need.parameters).toBe(6_738_415_616);
  expect(need.total).toBeGreaterThan(60e9);
});
