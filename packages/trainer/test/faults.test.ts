/**
 * @file NaN and infinity, planted at random in data, weights, activations, gradients and the optimizer's state: each is named.
 * @module-tag slow
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counterRandom } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import { listCheckpoints, openCheckpoint } from '@octavo/store';
import { describe, expect, it } from 'vitest';
import {
  checkpointFolder,
  createDevice,
  createTraining,
  faultOf,
  NonFiniteError,
  openRunFiles,
  restoreTraining,
  run,
  type Training,
} from '../src/index.ts';
import { circleSource, tinyModel, tinyPlan } from './support.ts';

const RECIPES = ['fp8-full', 'fp8-authors', 'bf16', 'mxfp8', 'fp8-block', 'fp8-current', 'fp8-smooth-folded'];
const KINDS = ['data', 'weight', 'activation', 'gradient', 'moment'] as const;
const VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Choices that a number alone decides. */
function choices(seed: number) {
  let at = 0;
  const below = (n: number): number => Math.floor((counterRandom(seed, at++) / 2 ** 32) * n);
  return { below, of: <T>(list: readonly T[]): T => list[below(list.length)]! };
}

interface Planted {
  readonly layer: number | null;
  readonly name: string;
  readonly operand: string;
}

async function spoil(device: Device, tensor: Tensor, at: number, value: number): Promise<void> {
  const values = await device.read(tensor);
  values[at] = value;
  device.write(tensor, values);
}

/** Plants fault number `seed` in the step that is about to run on these tokens. What it is in is known once the step has run. */
async function plant(
  training: Training,
  seed: number,
  tokens: ArrayLike<number>,
): Promise<() => Planted | null> {
  const { device, model, optimizer } = training;
  const { below, of } = choices(seed);
  const kind = KINDS[seed % KINDS.length]!;
  const value = of(VALUES);
  const pointOf = (name: string, operand: string): Planted => {
    const [, layer, rest] = /^layers\.(\d)\.(.*)$/.exec(name) ?? [];
    return layer === undefined
      ? { layer: null, name, operand }
      : { layer: Number(layer), name: rest!, operand };
  };
  if (kind === 'data') {
    const { value: table } = model.embedding;
    await spoil(
      device,
      table,
      tokens[below(tokens.length)]! * table.shape[1]! + below(table.shape[1]!),
      value,
    );
    return () => pointOf('embedding', 'weight');
  }
  if (kind === 'weight') {
    const parameter = of(model.parameters);
    await spoil(device, parameter.value, below(parameter.value.shape.reduce((a, b) => a * b)), value);
    return () => pointOf(parameter.name, 'weight');
  }
  if (kind === 'moment') {
    const i = below(model.parameters.length);
    const role = of(['moment1', 'moment2', 'master'] as const);
    const tensor = optimizer[i]!.state[role];
    await spoil(device, tensor, below(tensor.shape.reduce((a, b) => a * b)), value);
    return () => pointOf(model.parameters[i]!.name, role);
  }
  const operand = kind === 'gradient' ? 'grad' : 'input';
  const target = of(model.precision.sites.filter((site) => site.operand === operand));
  const staying = below(2) === 0; // or gone when the step is computed again
  const after = below(2); // in the first micro-batch or the second
  let calls = 0;
  let planted: Planted | null = null;
  model.precision.onOperand = (site, x) => {
    if (site !== target || model.precision.recording?.microBatch !== after) return;
    if (calls++ > 0 && !staying) return;
    planted = { layer: site.layer, name: site.name, operand };
    const length = x.shape.reduce((a, b) => a * b);
    device.copy(x, spoiled(device, x, value), { to: below(length), length: 1 });
  };
  return () => planted;
}

/** One element of a tensor's format. */
function spoiled(device: Device, { format }: Tensor, value: number): Tensor {
  const one = device.alloc([1], format);
  device.write(one, [value]);
  return one;
}

/** A run with fault number `seed`, planted at step 2, 3 or 4, and what came of it. */
async function runWith(device: Device, seed: number, recipe: string) {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-faults-'));
  const plan = tinyPlan(recipe, {
    accumulation: 2,
    checkpointEvery: 1,
    sampleEvery: seed % 3,
    model: { ...tinyModel, tiedHead: false },
  });
  const training = createTraining(device, plan);
  const circle = circleSource(plan);
  const step = 2 + choices(seed + 1000).below(3);
  let batches = 0;
  let told: () => Planted | null = () => null;
  const source = {
    ...circle,
    async next() {
      const batch = circle.next();
      if (batches++ === 2 * (step - 1)) told = await plant(training, seed, batch.tokens);
      return batch;
    },
  };
  const files = await openRunFiles(folder, { plan, tokenizer: { name: 'none', hash: '0' } });
  const events: string[] = [];
  let error: unknown;
  try {
    for await (const event of run({ training, source, heldOut: [], files })) events.push(event.kind);
  } catch (caught) {
    error = caught;
  } finally {
    files.close();
  }
  const checkpoints = await listCheckpoints(checkpointFolder(folder));
  const outcome = {
    planted: told(),
    step,
    error,
    events,
    steps: checkpoints.map(({ step }) => step),
    resumes: await resumes(device, plan, checkpoints.at(-1)?.path),
  };
  await rm(folder, { recursive: true });
  return outcome;
}

/** Whether a checkpoint says that it is finite, and a run that goes on from it learns. */
async function resumes(device: Device, plan: Training['plan'], path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  const checkpoint = await openCheckpoint(path);
  if (faultOf(checkpoint) !== null) return false;
  const training = await restoreTraining(device, plan, checkpoint);
  await checkpoint.close();
  const source = circleSource(plan);
  let last = Number.NaN;
  for await (const event of run({
    training: { ...training, plan: { ...plan, steps: training.step + 1 } },
    source,
    heldOut: [],
    files: null,
  }))
    if (event.kind === 'step') last = event.result.loss;
  return Number.isFinite(last);
}

/** Runs with the faults of these numbers; each must be named. */
async function nameAll(name: string, seeds: readonly number[]): Promise<void> {
  const device = await createDevice(name);
  for (const seed of seeds) {
    const recipe = RECIPES[seed % RECIPES.length]!;
    const label = `${name}, fault ${seed}, ${KINDS[seed % KINDS.length]}, ${recipe}`;
    const { planted, step, error, events, steps, resumes } = await runWith(device, seed, recipe);
    expect(error, label).toBeInstanceOf(NonFiniteError);
    const { report, exitCode, message } = error as NonFiniteError;
    expect(exitCode, label).toBe(1);
    expect(report.nonFinite, `${label}: ${message}`).toMatchObject(planted!);
    expect(report.step, label).toBe(step);
    expect(message, label).toContain(`step ${step}: `);
    expect(message, label).toContain(report.nonFinite.where);
    expect(events, label).toContain('non-finite');
    expect(
      steps.filter((saved) => saved >= step),
      label,
    ).toEqual([]);
    expect(resumes, label).toBe(true);
  }
  await device.destroy();
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a fault planted at random is named by step, layer and operand, ends the run, and no checkpoint follows', () => {
  it('all of 105 on simd', () => nameAll('simd', numbers(0, 105)), 240_000);
  it('all of 15 on the reference', () => nameAll('reference', numbers(200, 215)), 120_000);
  it('all of 15 on gpu:webasm', () => nameAll('gpu:webasm', numbers(300, 315)), 240_000);
});
