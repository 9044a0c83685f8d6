import { createReferenceDevice } from '@octavo/kernels';
import { batchLoss, trainStep } from '@octavo/trainer';
import { afterAll, describe, expect, it } from 'vitest';
import { protocolRecipe, takeSnapshot, trainingFrom, untrained } from '../src/index.ts';
import { rescaleChannels } from '../src/training/ageing.ts';
import { plainBatch } from '../src/training/batches.ts';
import { runPlan } from '../src/training/plan.ts';
import { arraysOf, destroyTraining, snapshotOf } from '../src/training/snapshot.ts';
import { startingWeights } from '../src/training/weights.ts';
import { textWithRareByte, tinyStudy } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());
const bytes = textWithRareByte();
const batch = (index: number) => plainBatch(bytes, tinyStudy, 1, index);
const plan = (recipe: string) =>
  runPlan(tinyStudy, 1, protocolRecipe(recipe, 'bf16'), { learningRate: 1e-3 });
const start = untrained(startingWeights(tinyStudy, 1));

describe('a snapshot', () => {
  it.each(['bf16', 'fp8-full'])('goes on in %s as the run it was taken from', async (recipe) => {
    const training = trainingFrom(device, plan(recipe), start);
    for (let i = 0; i < 3; i++) await trainStep(training, [batch(i)]);
    const copy = trainingFrom(device, plan(recipe), snapshotOf(arraysOf(await takeSnapshot(training))));
    for (const [i, { state }] of copy.optimizer.entries())
      for (const role of ['master', 'moment1', 'moment2'] as const)
        expect(await device.read(state[role])).toEqual(await device.read(training.optimizer[i]!.state[role]));
    if (recipe === 'bf16') {
      const [a, b] = [await trainStep(training, [batch(3)]), await trainStep(copy, [batch(3)])];
      expect(b.loss).toBe(a.loss);
      expect(b.gradientNorm).toBe(a.gradientNorm);
    }
    destroyTraining(training);
    destroyTraining(copy);
  });

  it('holds the same function after its channels are rescaled by a power of two, bit for bit', async () => {
    const losses: number[] = [];
    for (const snapshot of [start, rescaleChannels(rescaleChannels(start, 0, 32), 1, 32)]) {
      const training = trainingFrom(device, plan('bf16'), snapshot);
      losses.push((await batchLoss(training.model, batch(0), tinyStudy.sequence)).loss);
      destroyTraining(training);
    }
    expect(losses[1]).toBe(losses[0]);
  });

  it('leaves nothing on the device once a run is destroyed', () => {
    const before = device.memory().live;
    destroyTraining(trainingFrom(device, plan('fp8-full'), start));
    expect(device.memory().live).toBe(before);
  });
});
