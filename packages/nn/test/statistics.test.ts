import { FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope } from '@octavo/kernels';
import { expect, it } from 'vitest';
import {
  beginStep,
  createFp8Linear,
  createPrecision,
  endStep,
  linear,
  recipeOf,
  STATISTICS_LENGTH,
  variable,
} from '../src/index.ts';

it('a stale scale: what lies beyond it is counted as clipped, what lies at it is not', async () => {
  const device = createReferenceDevice();
  const precision = createPrecision(device, recipeOf('fp8'));
  const tensor = (rows: number, columns: number, values: readonly number[]) => {
    const made = device.alloc([rows, columns], FP32);
    device.write(made, values);
    return made;
  };
  const weight = { name: 'w', value: tensor(1, 4, [1, 1, 1, 1]), grad: null, isMatrix: true };
  const layer = createFp8Linear(precision, 0, 'qkv', weight);
  const clipped: number[] = [];
  for (const [step, values] of [
    [0.3, -0.7, 0.5, 0.1],
    [0.7, -0.701, 0.9, 1.3],
    [0.7, 1.3, -1.3, 1.39],
  ].entries()) {
    const scope = createScope(device);
    const recording = beginStep(precision, scope, { step, seed: 1, microBatches: 1, sample: true });
    linear({ device, scope, tape: null, precision }, layer, variable(tensor(1, 4, values)));
    const statistics = await device.read(recording.statistics!);
    clipped.push(statistics[layer.sites.output.input.index * STATISTICS_LENGTH + 1]!);
    endStep(precision, await device.read(recording.amaxes));
    scope.release();
  }
  expect(clipped).toEqual([0, 3, 1]);
  await device.destroy();
});
