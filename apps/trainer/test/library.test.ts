// @module-tag slow
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevice } from '@octavo/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-library-'));
  writeFileSync(join(folder, 'text.txt'), 'one two three four five six seven eight nine ten '.repeat(60));
  const shape = { vocabularySize: 256, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 1, ffnSize: 48 };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model: { ...shape, contextLength: 32 },
      data: { train: 'text.txt', heldOut: 0.1 },
      ...{ batch: 2, sequence: 32, steps: 1, evaluateTokens: 64, device: 'simd', threads: 1, library: 'off' },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]) => octavo(['train', '--config', 'config.json', ...more], folder);

const record = (out: string) =>
  JSON.parse(readFileSync(join(folder, out, 'run.json'), 'utf8')) as {
    settings: { library: string };
    facts: { device: string };
  };

const description = async (library: string): Promise<string> => {
  const device = await createDevice('simd', { threads: 1, library });
  await device.destroy();
  return device.description;
};

test('run.json names the library that was used, or none', async () => {
  expect((await train('--out', 'off')).code).toBe(0);
  expect(record('off').facts.device).toBe(await description('off'));
  expect((await train('--out', 'auto', '--library', 'auto')).code).toBe(0);
  expect(record('auto').facts.device).toBe(await description('auto'));
  expect(record('auto').settings.library).toBe('auto');
  // a run goes on as it began, unless told otherwise
  expect((await train('--out', 'auto', '--resume', '--steps', '2')).code).toBe(0);
  expect(record('auto').settings.library).toBe('off'); // the configuration file says so
  expect((await octavo(['train', '--out', 'auto', '--resume', '--steps', '3'], folder)).code).toBe(0);
  expect(record('auto').settings.library).toBe('off');
});

test('a library that cannot be used is one line and exit code 2', async () => {
  const { code, stderr } = await train('--out', 'none', '--library', './nowhere.so');
  expect(stderr).toMatch(
    /^octavo: [^\n]*library[^\n]*nowhere\.so[^\n]*expected auto, off, onednn, blas, or the path[^\n]*\n$/,
  );
  expect(code).toBe(2);
});

test('the option of before is refused with the one of now', async () => {
  const { code, stderr } = await train('--out', 'none', '--blas', 'off');
  expect(stderr).toMatch(/--library/);
  expect(code).toBe(2);
});
