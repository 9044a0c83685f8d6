import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceDevice, type Device, elements, type Tensor } from '@octavo/kernels';
import { llamaConfigOf } from '@octavo/llama';
import { type Communicator, createThreadGroup, joinThreadGroup, soloCommunicator } from '@octavo/mpi';
import { recipeOf, recipes } from '@octavo/nn';
import { newestWholeCheckpoint, openCheckpoint } from '@octavo/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkpointFolder,
  createTraining,
  openRunFiles,
  optimizerBytes,
  restoreTraining,
  run,
  type StepResult,
  stateOf,
  type TrainEvent,
  type TrainPlan,
} from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-ranks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Trained {
  readonly results: readonly Learned[];
  readonly weights: readonly Float32Array[];
  readonly kinds: readonly TrainEvent['kind'][];
  /** Bytes of gradients that this rank sent. */
  readonly sent: number;
}

type Learned = ReturnType<typeof learned>;

/** All that a step tells; what was seen in which order is every rank's own, as long as it is finite. */
const learned = ({ gradients: { seen: _, ...gradients }, ...result }: StepResult) => ({
  ...result,
  gradients,
});

interface How {
  /** A run's folder; it is gone on with where it holds a checkpoint. */
  readonly path?: string;
  readonly stopAfter?: number;
  readonly create?: (rank: number) => Device;
}

/** What each of so many ranks makes of a thing, each with a device of its own in this thread. */
function onRanks<T>(
  size: number,
  each: (group: Communicator, device: Device) => Promise<T>,
  create: (rank: number) => Device = createReferenceDevice,
): Promise<T[]> {
  const group = createThreadGroup(size);
  return Promise.all(
    Array.from({ length: size }, (_, rank) =>
      each(size === 1 ? soloCommunicator() : joinThreadGroup(group, rank, 60), create(rank)),
    ),
  );
}

const trainOn = (size: number, plan: TrainPlan, { path, stopAfter, create }: How = {}): Promise<Trained[]> =>
  onRanks(
    size,
    async (group, device) => {
      const source = circleSource(plan);
      const newest = path && (await newestWholeCheckpoint(checkpointFolder(path))).newest;
      const checkpoint = newest ? await openCheckpoint(newest.path) : null;
      const training = checkpoint
        ? await restoreTraining(device, plan, checkpoint, group)
        : createTraining(device, plan, group);
      if (checkpoint) source.seek(stateOf(checkpoint).loader);
      await checkpoint?.close();
      const resume = checkpoint ? { resumeFrom: training.step } : {};
      const tokenizer = { name: 'test', hash: '0' };
      const files = path ? await openRunFiles(path, { plan, tokenizer, group, ...resume }) : null;
      const interrupt = new AbortController();
      const { signal } = interrupt;
      const results: Learned[] = [];
      const kinds: TrainEvent['kind'][] = [];
      const heldOut = [0, 1, 2].map(() => source.next());
      source.seek({ at: training.step * plan.accumulation * plan.batch * plan.sequence });
      for await (const event of run({ training, source, heldOut, files, signal })) {
        kinds.push(event.kind);
        if (event.kind !== 'step') continue;
        results.push(learned(event.result));
        // an interrupt that one rank hears of ends all
        if (event.result.step === stopAfter && group.rank === group.size - 1) interrupt.abort();
      }
      files?.close();
      const weights = await Promise.all(training.model.parameters.map(({ value }) => device.read(value)));
      return { results, weights, kinds, sent: training.ranks?.traffic.gradients ?? 0 };
    },
    create,
  );

const plan = (recipe: string, changes: Partial<TrainPlan> = {}) =>
  tinyPlan(recipe, { batch: 1, accumulation: 4, steps: 2, sampleEvery: 1, ...changes });

/** Every tensor of a run's checkpoint, whatever files it lies in. */
async function tensorsOf(path: string, step: number) {
  const file = join(checkpointFolder(path), `step-${String(step).padStart(8, '0')}.arrow`);
  const checkpoint = await openCheckpoint(file);
  const tensors = [];
  for await (const tensor of checkpoint.all()) tensors.push(tensor);
  await checkpoint.close();
  return tensors;
}

describe('ranks that share a run', () => {
  it.each(Object.keys(recipes))(
    '%s, deterministic: 1, 2, 3 and 4 ranks have the same bits',
    async (recipe) => {
      const shared = plan(recipe, { deterministic: true });
      const [alone] = await trainOn(1, shared);
      for (const size of [2, 3, 4])
        for (const { results, weights } of await trainOn(size, shared)) {
          expect(results).toEqual(alone!.results);
          expect(weights).toEqual(alone!.weights);
        }
    },
  );

  it('states rounded at random are rounded alike, too', async () => {
    const { optimizer, ...rest } = recipeOf('fp8-full');
    const drawn = { ...optimizer, masterRounding: 'stochastic', rounding: 'stochastic' } as const;
    const shared = plan('fp8-full', { recipe: { ...rest, optimizer: drawn }, deterministic: true });
    const [alone] = await trainOn(1, shared);
    for (const { weights } of await trainOn(3, shared)) expect(weights).toEqual(alone!.weights);
  });

  it.each([2, 3, 4])('otherwise %i ranks keep to what float32 can tell', async (size) => {
    const shared = plan('fp32', { steps: 4 });
    const [alone] = await trainOn(1, shared);
    const ranks = await trainOn(size, shared);
    for (const { weights } of ranks) {
      expect(weights).toEqual(ranks[0]!.weights);
      for (const [i, values] of weights.entries())
        for (const [j, value] of values.entries())
          expect(Math.abs(value - alone!.weights[i]![j]!)).toBeLessThan(2e-6); // of updates of 1e-2, 2^-13 of them
    }
  });

  it.each([
    ['bf16', 0.5],
    ['fp8', 0.25],
  ] as const)('gradients travel in %s, %f of the bytes', async (exchange, share) => {
    const [alone] = await trainOn(1, plan('bf16', { steps: 4 }));
    const [whole] = await trainOn(2, plan('bf16', { steps: 4 }));
    const [first, second] = await trainOn(2, plan('bf16', { steps: 4, exchange }));
    expect(second!.weights).toEqual(first!.weights);
    expect(first!.sent / whole!.sent).toBe(share);
    for (const [i, { loss }] of first!.results.entries())
      expect(Math.abs(loss - alone!.results[i]!.loss)).toBeLessThan(0.02 * loss);
  });
});

describe('checkpoints of several ranks', () => {
  const shared = plan('fp8-full', { deterministic: true, steps: 6, checkpointEvery: 0, keepCheckpoints: 1 });

  it('are shards and a manifest; a run goes on with any number of ranks as if it had never stopped', async () => {
    const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
    await trainOn(1, shared, { path: whole });
    const stops = [
      { size: 1, stopAfter: 1 },
      { size: 2, stopAfter: 3 },
      { size: 3, stopAfter: 5 },
      { size: 1, stopAfter: 6 },
    ];
    for (const { size, stopAfter } of stops) {
      const [{ kinds }] = (await trainOn(size, shared, { path: parts, stopAfter })) as [Trained];
      expect(kinds.filter((kind) => kind === 'checkpoint')).toHaveLength(1);
      const step = `step-0000000${stopAfter}`;
      const shards = Array.from({ length: size }, (_, r) => `${step}.rank-${r}-of-${size}.arrow`);
      expect(readdirSync(checkpointFolder(parts))).toEqual([`${step}.arrow`, ...(size > 1 ? shards : [])]);
    }
    expect(await tensorsOf(parts, 6)).toEqual(await tensorsOf(whole, 6));
  });

  it('are refused where a shard is missing or of another save', async () => {
    const path = join(folder, 'run');
    const two = { ...shared, steps: 2, keepCheckpoints: 0, checkpointEvery: 1 };
    await trainOn(2, two, { path });
    const file = (step: number, rest: string) => join(checkpointFolder(path), `step-0000000${step}.${rest}`);
    const shard = 'rank-1-of-2.arrow';
    renameSync(file(2, shard), join(folder, 'kept'));
    const without = await newestWholeCheckpoint(checkpointFolder(path));
    expect(without.newest?.step).toBe(1);
    expect(without.skipped[0]!.reason).toContain('step-00000002.rank-1-of-2.arrow');
    renameSync(file(1, shard), file(2, shard));
    await expect(openCheckpoint(file(2, 'arrow'))).rejects.toThrow(
      /rank-1-of-2\.arrow is of another save than/,
    );
  });

  it('of the optimizer four ranks hold a quarter each', async () => {
    const nano = { ...shared, model: llamaConfigOf('nano') };
    const bytes = async (size: number) => {
      const all = await onRanks(size, async (group, device) =>
        optimizerBytes(createTraining(device, nano, group)),
      );
      return Math.max(...all);
    };
    expect((await bytes(4)) / (await bytes(1))).toBeLessThan(0.27);
  });
});

describe('a fault on one rank', () => {
  /** Leaves NaN in what the norm of this number puts out. */
  function faulty(number: number): Device {
    const device = createReferenceDevice();
    let norms = 0;
    return {
      ...device,
      run(operator, attributes, inputs, outs) {
        device.run(operator, attributes, inputs, outs);
        if (operator.name !== 'rmsNorm' || ++norms !== number) return;
        const [out] = outs as readonly Tensor[];
        device.write(out!, new Float32Array(elements(out!.shape)).fill(Number.NaN));
      },
    } as Device;
  }

  /** Five norms a batch: a held-out one of three comes before, and of four micro-batches the third has the fault. */
  const alone = () => faulty(3 * 5 + 2 * 5 + 1);
  const second = (rank: number) => (rank === 1 ? faulty(5 + 1) : createReferenceDevice());

  it.each(['skip-step', 'continue'] as const)(
    "is every rank's, as it would be one process's: %s",
    async (nonFinite) => {
      const shared = plan('fp8-full', { nonFinite, deterministic: true });
      const [one] = await trainOn(1, shared, { create: alone });
      expect(one!.results[0]!.nonFinite).toMatchObject({ layer: 0, name: 'qkv', operand: 'input' });
      for (const { results } of await trainOn(2, shared, { create: second }))
        expect(results).toEqual(one!.results);
    },
  );

  it('ends them all with one error', async () => {
    const errorOf = (size: number, create: (rank: number) => Device) =>
      trainOn(size, plan('fp8-full'), { create }).catch((error: Error) => error.message);
    const said = await errorOf(1, alone);
    expect(said).toMatch(/^\[trainer\] step 1: got loss NaN, .*first non-finite in layer 0, qkv, input/);
    expect(await errorOf(2, second)).toBe(said);
  });
});
