/** @file The mean over what is learned: targets that are masked count for nothing, in whatever micro-batch they are. */
import { createReferenceDevice, createScope, type Device } from '@octavo/kernels';
import { forward } from '@octavo/llama';
import { createSimdDevice } from '@octavo/simd';
import { afterAll, describe, expect, it } from 'vitest';
import {
  batchLoss,
  computeGradients,
  createTraining,
  type TokenBatch,
  type Training,
  trainStep,
  uploadBatch,
} from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const plan = tinyPlan('fp32', { accumulation: 3 });
const source = circleSource(plan);

/** Micro-batches of which 3, none and 13 of the 16 targets are learned. */
const batches: readonly TokenBatch[] = [3, 0, 13].map((learned) => {
  const { tokens, targets } = source.next();
  return { tokens, targets: Array.from(targets, (target, i) => ((i * 7) % 16 < learned ? target : -1)) };
});

/** The same loss in double precision, from the logits. */
async function exactLoss({ model, device }: Training): Promise<number> {
  let [sum, count] = [0, 0];
  for (const batch of batches) {
    const scope = createScope(device);
    const input = uploadBatch(model, scope, batch, { sequence: plan.sequence, backward: false });
    const context = { device, scope, tape: null, precision: model.precision };
    const logits = await device.read(forward(model, context, input).value);
    const width = plan.model.vocabularySize;
    for (const [i, target] of Array.from(batch.targets).entries()) {
      if (target < 0) continue;
      const row = Array.from(logits.subarray(i * width, (i + 1) * width));
      const largest = Math.max(...row);
      sum += largest + Math.log(row.reduce((a, b) => a + Math.exp(b - largest), 0)) - row[target]!;
      count++;
    }
    scope.release();
  }
  return sum / count;
}

const devices: [string, () => Promise<Device>][] = [
  ['reference', async () => createReferenceDevice()],
  ['simd', () => createSimdDevice({ threads: 1, library: 'off' })],
];

describe.each(devices)('on %s', async (_, make) => {
  const device = await make();
  afterAll(() => device.destroy());

  it('the loss is that of double precision, the gradient its differences', async () => {
    const training = createTraining(device, plan);
    const scope = createScope(device);
    const { loss } = await computeGradients(training, batches, scope, false);
    expect(loss).toBeCloseTo(await exactLoss(training), 5);
    for (const [name, at] of [
      ['embedding', 37],
      ['layers.0.qkv', 5],
      ['layers.1.gateUp', 100],
      ['layers.1.down', 60],
      ['norm', 3],
    ] as const) {
      const { value, grad } = training.model.parameters.find((parameter) => parameter.name === name)!;
      const values = await device.read(value);
      const moved = async (by: number): Promise<number> => {
        device.write(
          value,
          values.map((v, i) => (i === at ? v + by : v)),
        );
        return exactLoss(training);
      };
      const slope = ((await moved(1e-2)) - (await moved(-1e-2))) / 2e-2;
      device.write(value, values);
      expect(Math.abs((await device.read(grad!))[at]! - slope)).toBeLessThan(
        2e-3 * Math.max(0.1, Math.abs(slope)),
      );
    }
    scope.release();
  });

  it('a step of nothing but prompts has loss and gradients of zero, and an evaluation counts what is learned', async () => {
    const training = createTraining(device, { ...plan, accumulation: 1 });
    const result = await trainStep(training, [batches[1]!]);
    expect([result.loss, result.gradientNorm]).toEqual([0, 0]);
    const { tokens, loss } = await batchLoss(training.model, batches[0]!, plan.sequence);
    expect(tokens).toBe(3);
    expect(loss).toBeGreaterThan(0);
  });
});
