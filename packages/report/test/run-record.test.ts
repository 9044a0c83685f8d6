import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readRunRecord } from '../src/read/run-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shape = { layers: 2, hiddenSize: 64, ffnSize: 176, heads: 4, keyValueHeads: 2, vocabularySize: 256 };
const cast = { format: 'e4m3fn', policy: { kind: 'current' }, granularity: { kind: 'tensor' } };
const recipe = {
  ...{ name: 'mine', summary: 'of my own', activations: 'bf16', smoothSwiglu: 'none' },
  linear: { output: { input: cast, weight: cast }, gradInput: { grad: null } },
  optimizer: { master: 'fp32', moment1: 'fp32', moment2: 'fp32' },
};
const record = (adam: object, data: object, guard: object = {}) => ({
  plan: {
    ...guard,
    ...{ model: shape, recipe, batch: 1, accumulation: 1, sequence: 8, steps: 10, seed: 1, clip: 1 },
    ...{ schedule: { kind: 'constant', peak: 0.1, warmup: 0 }, sampleEvery: 1, evaluateEvery: 0 },
    adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, ...adam },
  },
  settings: { model: { name: 'nano' }, data: { train: ['a.txt'], ...data, tokenizer: 'byte' } },
});
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
