import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceDevice } from '@octavo/kernels';
import { llamaConfigs } from '@octavo/llama';
import { recipes } from '@octavo/nn';
import { type Checkpoint, openCheckpoint } from '@octavo/store';
import {
  checkSameRun,
  createTraining,
  initGuard,
  metadataOf,
  openRunFiles,
  planOf,
  type RunSettings,
  restoreTraining,
  stateOf,
  type Training,
} from '@octavo/trainer';
import { readRun, writeRun } from '@octavo/trainer/record';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/schema.ts';
import { resolveSettings } from '../src/config/settings.ts';

const identity = { text: '0', tokenizer: { name: 'test', hash: '0' } };
const facts = {
  octavo: '0',
  node: '0',
  started: '',
  device: 'simd',
  parameters: 0,
  ranks: 1,
  choice: { asked: 'simd', taken: 'simd', tried: [], layers: null, dropped: [], said: null },
  corpus: { description: '', trainTokens: 0, heldOutTokens: 0 },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-presets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The settings as a later command reads them. */
async function throughRunFile(settings: RunSettings): Promise<RunSettings> {
  await writeRun(folder, settings, identity, null, facts);
  return (await readRun(folder)).settings;
}

/** What a checkpoint of these settings says, without its tensors: a 70B model is not built for it. */
function savedBy(settings: RunSettings): Checkpoint {
  const plan = planOf(settings);
  const model = { precision: { recipe: plan.recipe, sites: [] } };
  const training = { plan, step: 1, updates: 1, tokens: 1, guard: initGuard(), model } as unknown as Training;
  return {
    path: 'step-00000001.arrow',
    metadata: metadataOf(training, null, identity.tokenizer),
  } as unknown as Checkpoint;
}

describe('what run.json and a checkpoint say of a run are one plan, whatever the order of their keys', () => {
  const names = Object.keys(llamaConfigs).flatMap((model) => Object.keys(recipes).map((r) => [model, r]));
  test.each(names)('%s in %s', async (model, recipe) => {
    const settings = await resolveSettings({ model: model!, recipe: recipe as Config['recipe'] });
    const read = await throughRunFile(settings);
    const { plan } = stateOf(savedBy(settings));
    expect(() => checkSameRun(plan, planOf(read), 'step-00000001.arrow')).not.toThrow();
  });

  test('and another one is told by name', async () => {
    const { plan } = stateOf(savedBy(await resolveSettings({ model: 'nano' })));
    const other = planOf(await resolveSettings({ model: 'nano', recipe: 'bf16' }));
    expect(() => checkSameRun(plan, other, 'a.arrow')).toThrow(/a\.arrow is of another run: its recipe is /);
  });
});

test.each(Object.keys(recipes))('%s: saved, and restored with what run.json says', async (recipe) => {
  const shape = { vocabularySize: 32, hiddenSize: 16, layers: 1, heads: 2, keyValueHeads: 1, ffnSize: 32 };
  const model = { ...shape, contextLength: 8, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false };
  const settings = await resolveSettings({
    model,
    recipe: recipe as Config['recipe'],
    sequence: 8,
    batch: 1,
  });
  const device = createReferenceDevice();
  const files = await openRunFiles(join(folder, recipe), {
    plan: planOf(settings),
    tokenizer: identity.tokenizer,
  });
  const path = await files.save(createTraining(device, planOf(settings)), null);
  files.close();
  const checkpoint = await openCheckpoint(path);
  const restored = await restoreTraining(device, planOf(await throughRunFile(settings)), checkpoint);
  await checkpoint.close();
  expect(restored.step).toBe(0);
  await device.destroy();
});

test('a run.json whose keys are called as they were before is read, and one with both names is not', async () => {
  const settings = await resolveSettings({
    guard: 'switch',
    weightDecay: 0.25,
    data: { train: 'a.txt', heldOut: 0.125 },
  });
  expect(await throughRunFile(settings)).toEqual(settings);
  const path = join(folder, 'run.json');
  const now = readFileSync(path, 'utf8');
  expect(Object.keys(JSON.parse(now).settings).join(' ')).toBe(
    'model recipe data knobs init threads library out',
  );
  const alter = (text: string) =>
    writeFileSync(
      path,
      now
        .replace('"guard": "switch"', text)
        .replace('"weightDecay": 0.25', '"decay": 0.25')
        .replace('"heldOut": 0.125', '"validation": 0.125'),
    );
  alter('"watch": "switch"');
  expect((await readRun(folder)).settings).toEqual(settings);
  alter('"watch": "switch", "guard": "off"');
  await expect(readRun(folder)).rejects.toThrow(/unknown key "watch": it is renamed to "guard"/);
});
