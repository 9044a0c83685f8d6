/**
 * @file A run that is killed at each of its file operations, one after another, and goes on: it ends as if nothing had been.
 * @module-tag slow
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, expect, test } from 'vitest';
import {
  checkpointFileName,
  evaluationStatistics,
  newestWholeCheckpoint,
  openCheckpoint,
  openStatistics,
  openTokenShard,
  readStatistics,
  removeTemporaries,
  stepStatistics,
  tensorStatistics,
  writeCheckpoint,
  writeSafetensors,
  writeTokenShard,
} from '../src/index.ts';
import { killedAt } from './killed-at.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const STEPS = 5;
const NEVER = Number.POSITIVE_INFINITY;
const FILES = ['steps.arrow', 'tensors.arrow', 'evaluations.arrow'];

/** Takes a run from where its folder is to its last step, as `octavo train` does. */
async function session(run: string): Promise<void> {
  const checkpoints = join(run, 'checkpoints');
  for (const one of [run, checkpoints]) await removeTemporaries(one);
  if (!existsSync(join(run, 'shard.arrow')))
    await writeTokenShard(join(run, 'shard.arrow'), {
      ...{ tokens: Uint16Array.from({ length: 100 }, (_, i) => i), documents: [0, 50], vocabularySize: 100 },
      metadata: {},
    });
  const { newest, skipped } = await newestWholeCheckpoint(checkpoints);
  expect(skipped).toEqual([]);
  const from = newest?.step ?? 0;
  const how = { flushMilliseconds: 0, resumeAtStep: from + 1 };
  const steps = openStatistics(join(run, 'steps.arrow'), stepStatistics, how);
  const tensors = openStatistics(join(run, 'tensors.arrow'), tensorStatistics, {
    ...how,
    flushMilliseconds: 1e9,
  });
  const evaluations = openStatistics(join(run, 'evaluations.arrow'), evaluationStatistics, how);
  const evaluated = [...(await readStatistics(join(run, 'evaluations.arrow')))].map(({ step }) =>
    Number(step),
  );
  const evaluate = (step: number): void => {
    evaluations.append([{ step, of: 'model', loss: 1 / (step + 1), bits_per_byte: step }]);
    evaluations.flush();
  };
  if (!evaluated.includes(from)) evaluate(from);
  for (let step = from + 1; step <= STEPS; step++) {
    steps.append([{ step, loss: 1 / step, tokens: 64 * step }]);
    const row = { step, site: 'down', operand: 'input', amax: step };
    tensors.append([0, 1].map((layer) => ({ ...row, layer })));
    if (step % 2 === 0 || step === STEPS) {
      for (const file of [steps, tensors]) file.flush();
      const data = new Uint8Array(100).fill(step);
      await writeCheckpoint(join(checkpoints, checkpointFileName(step)), { step: String(step) }, [
        { name: 'w', role: 'weight', format: 'uint8', shape: [100], data },
        { name: 'w', role: 'moment1', format: 'uint8', shape: [100], data },
      ]);
      evaluate(step);
    }
  }
  for (const file of [steps, tensors, evaluations]) file.close();
  await writeSafetensors(join(run, 'export.safetensors'), [
    { name: 'w', dtype: 'U8', shape: [100], data: new Uint8Array(100).fill(STEPS) },
  ]);
}

/** All that a run's folder says in the end. */
async function contents(run: string): Promise<unknown> {
  const rows = [];
  for (const file of FILES)
    rows.push([...(await readStatistics(join(run, file)))].map((row) => JSON.stringify(row, big)));
  const checkpoint = await openCheckpoint(join(run, 'checkpoints', checkpointFileName(STEPS)));
  const weight = (await checkpoint.read('w', 'weight')).data;
  await checkpoint.close();
  const shard = await openTokenShard(join(run, 'shard.arrow'));
  const tokens = await shard.read(0, shard.length);
  await shard.close();
  const names = [run, join(run, 'checkpoints')].map((path) => readdirSync(path).sort());
  return { rows, weight, tokens, names, exported: readFileSync(join(run, 'export.safetensors')) };
}

const big = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** Any reader of Arrow files opens what is there. */
function openedByOthers(run: string): void {
  for (const file of [...FILES, 'shard.arrow'])
    if (existsSync(join(run, file))) tableFromIPC(readFileSync(join(run, file))).toArray();
}

let whole: unknown;
let operations = 0;
beforeAll(async () => {
  const run = join(folder, 'whole');
  mkdirSync(run);
  ({ operations } = await killedAt(NEVER, () => session(run)));
  whole = await contents(run);
});

test('killed at every file operation, then resumed', async () => {
  expect(operations).toBeGreaterThan(150);
  for (let at = 0; at < operations; at++) {
    const run = join(folder, `killed-${at}`);
    mkdirSync(run);
    expect(await killedAt(at, () => session(run)), `operation ${at}`).toMatchObject({ killed: true });
    openedByOthers(run);
    await killedAt(NEVER, () => session(run));
    expect(await contents(run), `operation ${at}`).toEqual(whole);
    rmSync(run, { recursive: true });
  }
});

test('killed three times, wherever it is', async () => {
  const random = randomFrom(3);
  for (let time = 0; time < 20; time++) {
    const run = join(folder, `again-${time}`);
    mkdirSync(run);
    for (let kill = 0; kill < 3; kill++) {
      await killedAt(random(operations >> 1), () => session(run));
      openedByOthers(run);
    }
    await killedAt(NEVER, () => session(run));
    expect(await contents(run), `time ${time}`).toEqual(whole);
    rmSync(run, { recursive: true });
  }
});
