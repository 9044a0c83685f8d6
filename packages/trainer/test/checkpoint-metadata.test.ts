import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { createReferenceDevice } from '@octavo/kernels';
import { openCheckpoint, type StoredTensor, writeCheckpoint } from '@octavo/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTraining, loadModel, openRunFiles, restoreTraining } from '../src/index.ts';
import { tinyModel, tinyPlan } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-metadata-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = createReferenceDevice();
const plan = tinyPlan('fp8-full');
let metadata: Readonly<Record<string, string>>;
const tensors: StoredTensor[] = [];
beforeAll(async () => {
  const files = await openRunFiles(folder, { plan, tokenizer: { name: 'test', hash: '0' } });
  const checkpoint = await openCheckpoint(await files.save(createTraining(device, plan), null));
  files.close();
  ({ metadata } = checkpoint);
  for await (const tensor of checkpoint.all()) tensors.push(tensor);
  await checkpoint.close();
});

/** What both ways to use a checkpoint say of one with other contents. */
async function refusals(
  change: Readonly<Record<string, unknown>>,
  edit = (tensor: StoredTensor): StoredTensor => tensor,
): Promise<unknown[]> {
  const path = join(folder, 'changed.arrow');
  const strings = Object.entries(change).map(([key, value]) => [key, JSON.stringify(value)]);
  await writeCheckpoint(path, { ...metadata, ...Object.fromEntries(strings) }, tensors.map(edit));
  const checkpoint = await openCheckpoint(path);
  const live = device.memory().live;
  try {
    return await Promise.all(
      [() => restoreTraining(device, plan, checkpoint), () => loadModel(device, checkpoint)].map((use) =>
        use().then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
  } finally {
    expect(device.memory().live - live).toBeLessThan(2 ** 20);
    await checkpoint.close();
  }
}

const keys = [
  'model',
  'recipe',
  'plan',
  'random',
  'scaling',
  'tokenizer',
  'watch',
  'step',
  'updates',
  'tokens',
];
const wrong: readonly (readonly [string, unknown])[] = [
  ...keys.flatMap((key) => [null, [], 'text', true].map((value) => [key, value] as const)),
  ...[-5, 0.5, 1e300].map((step) => ['step', step] as const),
  ...['layers', 'contextLength', 'hiddenSize', 'vocabularySize', 'ffnSize', 'heads'].flatMap((name) =>
    [1e9, -1, 0, null, '4'].map((value) => ['model', { ...tinyModel, [name]: value }] as const),
  ),
  ['recipe', {}],
  ['recipe', { name: 'x', linear: null }],
  ['plan', { seed: 0 }],
  ['plan', { ...tinyPlan('fp8'), adam: null }],
  ['tokenizer', { name: 5, hash: null }],
  ['scaling', {}],
  ['watch', { told: null }],
];

test.each(wrong)('metadata %s of %j: one line, exit code 2', async (key, value) => {
  const errors = await refusals({ [key]: value });
  expect(errors[0]).not.toBeNull();
  for (const error of errors.filter((one) => one !== null)) {
    expect(OctavoError.is(error), String(error)).toBe(true);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(/^\[trainer\] [^\n]+$/) });
  }
});

test.each([[[]], [[0]], [[-1]], [[1, 2]]])('a master scale of %j is refused', async (scale) => {
  const [restored] = await refusals({}, (tensor) =>
    tensor.role === 'master' ? { ...tensor, scale: Float32Array.from(scale) } : tensor,
  );
  expect(restored).toMatchObject({ exitCode: 2, message: expect.stringMatching(/master ".*": got .*scale/) });
});

test('a scaling state that is none is refused', async () => {
  const scaling = Object.fromEntries(
    Object.keys(JSON.parse(metadata.scaling!)).map((key) => [key, { observed: -1 }]),
  );
  const message = expect.stringMatching(/^\[trainer\] [^\n]*scaling of layers\.0[^\n]+$/);
  for (const error of await refusals({ scaling })) expect(error).toMatchObject({ exitCode: 2, message });
});

test('as it was written it is taken', async () => {
  expect(await refusals({})).toEqual([null, null]);
});
