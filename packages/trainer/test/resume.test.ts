import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceDevice } from '@octavo/kernels';
import { recipeOf, smoothingOf } from '@octavo/nn';
import { newestWholeCheckpoint, openCheckpoint, readStatistics } from '@octavo/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkpointFolder,
  createTraining,
  type GuardPolicy,
  guardPlan,
  loadModel,
  openRunFiles,
  restoreTraining,
  run,
  stateOf,
  type TrainEvent,
  type TrainPlan,
} from '../src/index.ts';
import { circleSource, tinyModel, tinyPlan } from './support.ts';

const tokenizer = { name: 'test', hash: '0' };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-trainer-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Trains in `name` until the end, or an interrupt after `stopAfter` steps. */
async function train(
  name: string,
  plan: TrainPlan,
  options: { stopAfter?: number; resume?: boolean } = {},
): Promise<TrainEvent[]> {
  const device = createReferenceDevice();
  const source = circleSource(plan);
  const path = join(folder, name);
  let training = createTraining(device, plan);
  if (options.resume) {
    const { newest } = await newestWholeCheckpoint(checkpointFolder(path));
    const checkpoint = await openCheckpoint(newest!.path);
    training = await restoreTraining(device, plan, checkpoint);
    source.seek(stateOf(checkpoint).loader);
    await checkpoint.close();
  }
  const files = await openRunFiles(path, {
    plan,
    tokenizer,
    ...(options.resume && { resumeFrom: training.step }),
  });
  const interrupt = new AbortController();
  const events: TrainEvent[] = [];
  const heldOut = [circleSource(plan).next()];
  for await (const event of run({ training, source, heldOut, files, signal: interrupt.signal })) {
    events.push(event);
    if (event.kind === 'step' && event.result.step === options.stopAfter) interrupt.abort();
  }
  files.close();
  await device.destroy();
  return events;
}

async function contents(name: string, step: number) {
  const path = join(checkpointFolder(join(folder, name)), `step-${String(step).padStart(8, '0')}.arrow`);
  const checkpoint = await openCheckpoint(path);
  const rows = [];
  for await (const row of checkpoint.all()) rows.push(row);
  await checkpoint.close();
  return { metadata: checkpoint.metadata, rows };
}

describe('a run that is stopped and resumed', () => {
  it.each(['fp8-full', 'fp8-authors', 'mxfp8'])(
    '%s: equals the uninterrupted run bit for bit',
    async (recipe) => {
      const plan = tinyPlan(recipe, { accumulation: 2 });
      await train('whole', plan);
      const first = await train('parts', plan, { stopAfter: 3 });
      expect(first.at(-1)).toEqual({ kind: 'end', reason: 'interrupted', step: 3 });
      const second = await train('parts', plan, { resume: true });
      expect(second.at(-1)).toEqual({ kind: 'end', reason: 'finished', step: 6 });

      expect(await contents('parts', 6)).toEqual(await contents('whole', 6));
      const columns = ['step', 'loss', 'gradient_norm', 'learning_rate', 'update_ratio', 'tokens'];
      for (const [file, names] of [
        ['steps.arrow', columns],
        ['tensors.arrow', null],
        ['evaluations.arrow', null],
      ] as const) {
        const [a, b] = await Promise.all(
          ['whole', 'parts'].map((n) => readStatistics(join(folder, n, file))),
        );
        expect(JSON.parse(a!.schema.metadata.get('recipe')!)).toEqual(plan.recipe);
        expect(JSON.parse(a!.schema.metadata.get('model')!)).toEqual(plan.model);
        expect(JSON.parse(a!.schema.metadata.get('run')!)).toMatchObject({ name: 'whole', seed: plan.seed });
        for (const column of names ?? a!.schema.fields.map((f) => f.name)) {
          expect(b!.getChild(column)!.toJSON(), `${file} ${column}`).toEqual(a!.getChild(column)!.toJSON());
        }
      }
    },
  );

  /** Fires at every input's cast at step 4, the first that is judged. */
  const nervous = (policy: GuardPolicy) =>
    guardPlan(policy, { settled: 3, overshoot: { input: 0.01, weight: 1e9, grad: 1e9 }, repeatAfter: 2 });

  it('goes on with the layers that the guard has smoothed, and with what it has said', async () => {
    const plan = tinyPlan('fp8', { guard: nervous('switch') });
    const whole = await train('whole', plan);
    const switched = whole.flatMap((e) => (e.kind === 'guard' && e.alarm.switched ? [e.alarm] : []));
    expect(switched.map(({ step, layer, site }) => [step, layer, site])).toEqual([
      [4, 0, 'down'],
      [4, 1, 'down'],
    ]);
    await train('parts', plan, { stopAfter: 5 });
    await train('parts', plan, { resume: true });
    const { metadata, rows } = await contents('parts', 6);
    expect({ metadata, rows }).toEqual(await contents('whole', 6));
    expect(JSON.parse(metadata.recipe!).smoothLayers).toEqual({ 0: 'channel', 1: 'channel' });
    expect(JSON.parse(metadata.plan!)).toMatchObject({ recipe: recipeOf('fp8'), watch: plan.guard });
    const [a, b] = await Promise.all(
      ['whole', 'parts'].map((n) => readStatistics(join(folder, n, 'guard.arrow'))),
    );
    expect(a!.numRows).toBeGreaterThan(2);
    for (const { name } of a!.schema.fields)
      expect(b!.getChild(name)!.toJSON(), name).toEqual(a!.getChild(name)!.toJSON());
    expect(Array.from(a!.getChild('rule')!)).toContain('overshoot');

    const device = createReferenceDevice();
    const { newest } = await newestWholeCheckpoint(checkpointFolder(join(folder, 'whole')));
    const checkpoint = await openCheckpoint(newest!.path);
    const model = await loadModel(device, checkpoint);
    expect(stateOf(checkpoint).plan).toEqual(plan);
    await checkpoint.close();
    expect(smoothingOf(model.precision.recipe, 1)).toBe('channel');
  });

  it('is stopped by the guard with a checkpoint, and mends what it was stopped for when it is resumed to', async () => {
    const stopped = await train('run', tinyPlan('fp8', { guard: nervous('stop') }));
    expect(stopped.slice(-2)).toMatchObject([
      { kind: 'checkpoint', step: 4 },
      { kind: 'end', reason: 'stopped', step: 4 },
    ]);
    const resumed = await train('run', tinyPlan('fp8', { guard: guardPlan('switch') }), { resume: true });
    expect(resumed.flatMap((e) => (e.kind === 'guard' ? [e.alarm] : []))).toMatchObject([
      { step: 5, layer: 0, site: 'down', switched: true },
      { step: 5, layer: 1, site: 'down', switched: true },
    ]);
    expect(resumed.at(-1)).toMatchObject({ reason: 'finished' });
  });

  it('keeps the newest checkpoints, and takes the one before a damaged one', async () => {
    const plan = tinyPlan('fp8-full', { checkpointEvery: 1, keepCheckpoints: 2 });
    await train('run', plan);
    const checkpoints = checkpointFolder(join(folder, 'run'));
    const damaged = join(checkpoints, 'step-00000006.arrow');
    const bytes = readFileSync(damaged);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(damaged, bytes);
    const { newest, skipped } = await newestWholeCheckpoint(checkpoints);
    expect(newest?.step).toBe(5);
    expect(skipped.map((s) => s.path)).toEqual([damaged]);
  });

  it("refuses another model's checkpoint and says what differs", async () => {
    const plan = tinyPlan('fp8-full');
    await train('run', plan);
    const checkpoint = await openCheckpoint(
      join(checkpointFolder(join(folder, 'run')), 'step-00000006.arrow'),
    );
    const other = tinyPlan('fp8-full', { model: { ...tinyModel, layers: 3 } });
    await expect(restoreTraining(createReferenceDevice(), other, checkpoint)).rejects.toThrow(
      /is of another run: its model is .*"layers":2.*expected .*"layers":3/,
    );
    await checkpoint.close();
  });
});
