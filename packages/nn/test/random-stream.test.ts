import { createReferenceDevice, createScope } from '@octavo/kernels';
import { expect, it } from 'vitest';
import { beginMicroBatch, beginStep, createPrecision, recipeOf } from '../src/index.ts';

it('a step begins its first micro-batch by itself, and each draws numbers of its own', async () => {
  const device = createReferenceDevice();
  const precision = createPrecision(device, recipeOf('fp8-authors'));
  const scope = createScope(device);
  const seeds: string[] = [];
  const note = async () => seeds.push((await device.read(precision.seed)).join());
  for (const step of [0, 1, 2]) {
    beginStep(precision, scope, { step, seed: 7, microBatches: 2, sample: false });
    await note();
    beginMicroBatch(precision, 1);
    await note();
  }
  expect(seeds).toEqual(['7,0', '7,1', '7,2', '7,3', '7,4', '7,5']);
  precision.recording = null;
  expect(() => beginMicroBatch(precision, 0)).toThrow(/no step is under way/);
  scope.release();
  await device.destroy();
});
