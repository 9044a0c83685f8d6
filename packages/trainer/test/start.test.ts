/** @file Runs that start from weights: which, and what delayed scales know of them before the first step. */
import { createReferenceDevice } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import type { Checkpoint, StoredTensor } from '@octavo/store';
import { expect, it } from 'vitest';
import {
  calibrateScales,
  createTraining,
  recordsOf,
  startTraining,
  type Training,
  trainStep,
} from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const device = createReferenceDevice();

/** The working weights of a run, as a checkpoint has them; `change` alters values by name and place. */
async function weightsOf(
  training: Training,
  change: (name: string, value: number, at: number) => number = (_, value) => value,
): Promise<Checkpoint> {
  const records = new Map<string, StoredTensor>();
  for await (const { name, role, shape, data } of recordsOf(training)) {
    if (role !== 'weight') continue;
    const bytes = new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    const values = new Float32Array(bytes.buffer).map((value, i) => change(name, value, i));
    records.set(name, {
      name,
      role,
      format: 'fp32',
      shape,
      scale: new Float32Array(),
      data: new Uint8Array(values.buffer),
    });
  }
  return {
    path: 'elsewhere',
    metadata: {},
    read: async (name: string) => records.get(name)!,
  } as unknown as Checkpoint;
}

const wholeState = async (training: Training): Promise<string> => {
  const parts: unknown[] = [training.step, training.updates, training.tokens];
  for await (const { name, role, data } of recordsOf(training))
    if (role !== 'amax-history') parts.push(name, role, Buffer.from(data.buffer).toString('base64'));
  return JSON.stringify(parts);
};

const batchesOf = (plan: ReturnType<typeof tinyPlan>, steps: number) => {
  const source = circleSource(plan);
  return Array.from({ length: steps }, () => Array.from({ length: plan.accumulation }, () => source.next()));
};

it('weights and masters are those of the checkpoint, the optimizer is new, and the hash is that of the weights', async () => {
  const random = createTraining(device, tinyPlan('fp32'));
  const plan = tinyPlan('fp32', { seed: 9 });
  const { training, weights } = await startTraining(device, plan, await weightsOf(random));
  const values = async (of: Training) => await wholeState(of);
  expect(await values(training)).toBe(await values(random));
  expect((await startTraining(device, plan, await weightsOf(random))).weights).toBe(weights);
  const nudged = await weightsOf(random, (name, value, at) => (name === 'norm' && at === 3 ? 2 : value));
  expect((await startTraining(device, plan, nudged)).weights).not.toBe(weights);
});

it('a tensor of another shape is refused by name', async () => {
  const random = createTraining(device, tinyPlan('fp32'));
  const plan = tinyPlan('fp32', { model: { ...random.plan.model, ffnSize: 20 } });
  await expect(startTraining(device, plan, await weightsOf(random))).rejects.toThrow(
    /weight "layers.0.gateUp": got shape \[48,16\], expected \[40,16\]/,
  );
});

/** SwiGLU's first channel 2¹² times as large and taken back by the next matrix: the same function, and nothing for scale 1. */
const outlier = (name: string, value: number, at: number): number => {
  if (name.endsWith('gateUp') && Math.floor(at / 16) === 24) return value * 2 ** 12;
  return name.endsWith('down') && at % 24 === 0 ? value / 2 ** 12 : value;
};

it('calibrated scales make the first step that of BF16; without, a policy that begins at scale 1 clips', async () => {
  const weights = await weightsOf(createTraining(device, tinyPlan('fp32')), outlier);
  const first = async (recipe: string, calibrated: boolean) => {
    const plan = tinyPlan(recipe, { accumulation: 2 });
    const { training } = await startTraining(device, plan, weights);
    if (calibrated) await calibrateScales(training, batchesOf(plan, 2));
    const { loss, gradientNorm } = await trainStep(training, batchesOf(plan, 1)[0]!);
    return { loss, gradientNorm };
  };
  const [exact, with_, without] = [
    await first('bf16', false),
    await first('fp8-authors', true),
    await first('fp8-authors', false),
  ];
  const apart = (a: number, b: number): number => Math.abs(a / b - 1);
  expect(apart(with_.loss, exact.loss)).toBeLessThan(0.02);
  expect(apart(with_.gradientNorm, exact.gradientNorm)).toBeLessThan(0.2);
  expect(apart(without.gradientNorm, exact.gradientNorm)).toBeGreaterThan(0.5);
});

it('observes both passes of every delayed cast and moves nothing; where no scale is delayed it computes nothing', async () => {
  const weights = await weightsOf(createTraining(device, tinyPlan('fp32')));
  const plan = tinyPlan('fp8-full');
  const { training } = await startTraining(device, plan, weights);
  const before = await wholeState(training);
  await calibrateScales(training, batchesOf(plan, 2));
  expect(await wholeState(training)).toBe(before);
  expect(new Set(training.model.precision.sites.map(({ state }) => state!.observed))).toEqual(new Set([2]));
  const still = tinyPlan('fp8', { recipe: recipeOf('fp8-current') });
  const current = await startTraining(device, still, weights);
  await calibrateScales(current.training, [null as never]); // would throw if it were looked at
});
