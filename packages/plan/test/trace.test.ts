/** @file What a step is said to do and to hold, against what a step on the host device does and holds. */
import { createPlainDevice, stepBatch, stepPlan } from '@octavo/bench';
import type { Device } from '@octavo/kernels';
import { llamaConfigOf } from '@octavo/llama';
import { recipes } from '@octavo/nn';
import { createTraining, trainStep } from '@octavo/trainer';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../src/hollow-device.ts';
import { peakOf, traceStep } from '../src/index.ts';

const model = { ...llamaConfigOf('nano'), vocabularySize: 300, layers: 2, keyValueHeads: 2 };
const one = { name: 'tiny', model, batch: 2, sequence: 32 };
const alone = { devices: 1, zero: 0, tensor: 1, pipeline: 1 } as const;

/** What a device was asked to do, by operator: calls and bytes. */
const counted = () => new Map<string, [calls: number, bytes: number]>();
const count = (counts: ReturnType<typeof counted>, name: string, bytes: number): void => {
  const [calls, sum] = counts.get(name) ?? [0, 0];
  counts.set(name, [calls + 1, sum + bytes]);
};

/** A device whose calls are counted from the second step on. */
function counting(device: Device, counts: ReturnType<typeof counted>): Device {
  return {
    ...device,
    run(operator, attributes, inputs, outs) {
      const bytes = [...inputs, ...outs].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
      count(counts, operator.name, bytes);
      device.run(operator, attributes, inputs, outs);
    },
  };
}

describe.each(Object.keys(recipes))('%s', (recipe) => {
  it.each([
    ['none', 1],
    ['selective', 1],
    ['full', 2],
  ] as const)(
    'recompute %s, %i micro-batches: the same operators and the same bytes at the most',
    async (...given) => {
      const [recompute, accumulation] = given;
      const plan = { ...stepPlan(one, recipe), recompute, accumulation };
      const trace = await traceStep(plan);
      const [device, counts] = [await createPlainDevice(1), counted()];
      const training = createTraining(counting(device, counts), plan);
      const batches = Array.from({ length: accumulation }, () => stepBatch(one));
      await trainStep(training, batches);
      counts.clear();
      await trainStep(training, batches);
      const { peak } = device.memory();
      await device.destroy();
      const traced = counted();
      for (const { operator, inputs, outs } of trace.operations)
        if (operator)
          count(
            traced,
            operator.name,
            [...inputs, ...outs].reduce((sum, t) => sum + bytesOf(t), 0),
          );
      expect(Object.fromEntries(traced)).toEqual(Object.fromEntries(counts));
      expect(peakOf(trace, alone).total / peak).toBeCloseTo(1, 4); // but for scales that the first step brings
    },
  );
});

it('a step of the largest models is told without their memory', async () => {
  const shape = { name: '7b', model: llamaConfigOf('llama2-7b'), batch: 1, sequence: 4096 };
  const { operations, held } = await traceStep(stepPlan(shape, 'bf16'));
  const products = operations.filter(({ operator }) => operator?.name === 'gemm');
  // three products of every weight of a matrix but the embedding's, two operations each
  const weights = 6_738_415_616 - 32_000 * 4096 - 65 * 4096;
  expect(products.reduce((sum, { flops }) => sum + flops, 0)).toBe(6 * weights * 4096);
  const scores = operations.filter(({ operator }) => operator?.name === 'attention');
  expect(scores.reduce((sum, { flops }) => sum + flops, 0)).toBe(32 * 2 * 4096 * 4096 * 4097);
  const last = held.at(-1)!;
  expect(last.weights).toBe(2 * (6_738_415_616 - 65 * 4096) + 4 * 65 * 4096);
  expect(last.optimizer / 6_738_415_616).toBeCloseTo(12, 2);
  expect(Math.max(...held.map(({ gradients }) => gradients)) / (4 * 6_738_415_616)).toBeCloseTo(1, 4);
});
