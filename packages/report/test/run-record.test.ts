import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipeOf } from '@octavo/nn';
import { afterAll, expect, test } from 'vitest';
import { settingsOf } from '../src/page/settings-table.ts';
import { readRunRecord } from '../src/read/run-record.ts';
import { recordOf } from './folders.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (adam: object, data: object, guarded: object = {}) => {
  const how = { adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, ...adam } };
  const { guard: _, ...known } = recordOf('mine', how).plan;
  const { settings } = recordOf('mine');
  const plan = { ...guarded, ...known };
  return { plan, settings: { ...settings, data: { train: ['a.txt'], ...data, tokenizer: 'byte' } } };
};
const read = async (value: unknown) => {
  writeFileSync(join(folder, 'run.json'), JSON.stringify(value));
  return (await readRunRecord(folder)).value;
};

test('a run.json whose keys are called as they were before is the same record, in the same order', async () => {
  const now = await read(record({ weightDecay: 0.1 }, { heldOut: 0.05 }, { guard: { policy: 'stop' } }));
  const before = await read(record({ decay: 0.1 }, { validation: 0.05 }, { watch: { policy: 'stop' } }));
  expect(now.plan.adam.weightDecay).toBe(0.1);
  expect(now.plan.guard?.policy).toBe('stop');
  expect(JSON.stringify(before)).toBe(JSON.stringify(now));
});

test('casts are called by their names, and a recipe is judged as every recipe is', async () => {
  const { linear } = recipeOf('fp8');
  const castInputTo = (format: string) => ({
    recipe: {
      ...recipeOf('fp8'),
      linear: { ...linear, output: { ...linear.output, input: { ...linear.output.input, format } } },
    },
  });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(recordOf('mine', castInputTo('e5m2'))));
  const { value } = await readRunRecord(folder);
  expect(settingsOf(value)['casts forward']).toBe(
    'input e5m2-delayed16-tensor; weight e4m3fn-delayed16-tensor',
  );
  await expect(read(recordOf('mine', castInputTo('fp9')))).rejects.toThrow(
    /is not what octavo train writes: plan.recipe: .*linear.output.input.format: got "fp9"/,
  );
});

test('what is not there is named', async () => {
  await expect(read(record({}, {}))).rejects.toThrow(
    'is not what octavo train writes: plan.adam.weightDecay',
  );
});
