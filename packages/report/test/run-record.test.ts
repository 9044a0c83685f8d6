import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
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

test('what is not there is named', async () => {
  await expect(read(record({}, {}))).rejects.toThrow(
    'is not what octavo train writes: plan.adam.weightDecay',
  );
});
