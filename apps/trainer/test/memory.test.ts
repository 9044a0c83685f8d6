/**
 * @file What a run needs is said before anything is allocated.
 * @module-tag slow
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { largestWork, type StudyName, studies, studyOf } from '@octavo/lab';
import { llamaConfigOf } from '@octavo/llama';
import { openCheckpoint, writeCheckpoint } from '@octavo/store';
import {
  checkMemory,
  gigabytes,
  memoryNeeded,
  planOf,
  type Room,
  type Workload,
  workOf,
} from '@octavo/trainer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveSettings } from '../src/config/settings.ts';
import { describeError } from '../src/errors.ts';
import { octavo } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const room = { memory: 32e9, addresses: Number.POSITIVE_INFINITY, cores: 8 };

/** The check of work on a named model, on the device that its preset asks for. */
async function checkOf(model: string, kind: Workload['kind'], own: { force?: boolean; room?: Room } = {}) {
  const said: string[] = [];
  const settings = await resolveSettings({ model });
  const check = { what: `using ${model}`, device: 'auto', force: false, room, ...own };
  checkMemory(workOf(kind, planOf(settings)), { ...check, warn: (message) => said.push(message) });
  return said;
}

test('a model beyond the machine is refused with all the figures, or tried by --force', async () => {
  await expect(checkOf('llama2-7b', 'train')).rejects.toThrow(
    /^\[run\] too little memory: using llama2-7b with \d+ x \d+ tokens needs about \d+ GB \(weights \S+ GB, optimizer \S+ GB, codes \S+ GB, second state \S+ GB, activations \S+ GB, gradients \S+ GB\), and this machine has 32 GB and 8 cores, device simd holds 4.3 GB at most; choose a smaller .*--force$/,
  );
  await expect(checkOf('llama2-7b', 'evaluate')).rejects.toThrow(
    /with \d+ x \d+ tokens needs about [\d.]+ GB \(weights \S+ GB, activations \S+ GB\), and .*--force$/,
  );
  await expect(checkOf('llama2-7b', 'generate')).rejects.toThrow(
    /using llama2-7b needs about [\d.]+ GB \(weights \S+ GB, cache 2.1 GB, activations \S+ GB\), and .*--force$/,
  );
  expect(await checkOf('llama2-7b', 'train', { force: true })).toEqual([
    expect.stringContaining('it is tried all the same'),
  ]);
  for (const kind of ['train', 'evaluate', 'generate'] as const) {
    for (const model of ['nano', 'stories15m']) expect(await checkOf(model, kind)).toEqual([]);
    await expect(checkOf('stories15m', kind, { room: { ...room, addresses: 8e6 } })).rejects.toThrow(
      'this process may have 0.0080 GB (ulimit -v)',
    );
  }
});

test('every study fits where its largest step does', () => {
  for (const name of Object.keys(studies) as StudyName[]) {
    const { full, quick } = studyOf(name);
    const [most, least] = [full, quick].map((settings) => memoryNeeded(largestWork(settings)).total);
    expect(most).toBeGreaterThanOrEqual(least!);
    expect(most).toBeGreaterThan(10e6);
    expect(most).toBeLessThan(1e9);
  }
  const model = llamaConfigOf('llama2-7b');
  const work = largestWork({ ...studies.instability.full, model, activations: 'fp32' });
  expect(work.recipe.activations).toBe('fp32');
  expect(() =>
    checkMemory(work, { what: 'a step', device: 'simd', force: false, warn: () => {}, room }),
  ).toThrow(/too little memory: a step with 16 x 64 tokens/);
});

test.each([
  ['llama2-7b', ['--model', 'llama2-7b']],
  ['a batch of 1e9', ['--batch', '1000000000']],
])('%s: one line within seconds, exit code 2', async (_, args) => {
  const begin = performance.now();
  const { code, stderr } = await octavo(['train', ...args, '--steps', '1', '--out', 'out'], folder);
  expect(stderr).toMatch(/^octavo: \[run\] too little memory: [^\n]+\n$/);
  expect(code).toBe(2);
  expect(performance.now() - begin).toBeLessThan(20_000);
});

test('V8’s errors where memory ends say what there is', () => {
  const error = new RangeError('WebAssembly.Memory(): could not allocate memory');
  const { text } = describeError(error, false);
  expect(text).toMatch(
    /^octavo: out of memory: WebAssembly.Memory\(\): could not allocate memory; this machine has/,
  );
  expect(gigabytes(2 ** 32)).toBe('4.3 GB');
});

beforeAll(async () => {
  writeFileSync(join(folder, 'text.txt'), 'some text '.repeat(500));
  const shape = ['--batch', '2', '--sequence', '32', '--device', 'simd', '--out', 'made'];
  await octavo(['train', '--data', 'text.txt', '--steps', '1', ...shape], folder);
});

describe.skipIf(process.platform !== 'linux')('under ulimit -v the memory is named, not a file', () => {
  const under = (limit: number, args: string): string => {
    const bin = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));
    const command = `ulimit -v ${limit}; "${process.execPath}" "${bin}" ${args} 2>&1; echo "exit $?"`;
    return execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  };

  test.each([
    'train --data text.txt --steps 1 --out limited',
    'eval made',
    'generate made --prompt some',
    'study formats --quick --out studied',
    'study formats --run made --out studied',
  ])('octavo %s', (args) => {
    const said = under(8_000_000, args);
    expect(said).toMatch(/octavo: .*memory/);
    expect(said).toMatch(/ulimit -v/);
    expect(said).not.toMatch(/cannot be written/);
    expect(said).toMatch(/exit [12]\n$/);
  });
});

describe('a checkpoint beyond the machine', () => {
  test.each([
    ['eval', []],
    ['generate', ['--prompt', 'some']],
  ])('%s: one line, exit code 2, and --force tries it', async (command, more) => {
    const path = join(folder, `${command}.arrow`);
    await writeHollow(path);
    const refused = await octavo([command, path, '--device', 'simd', ...more], folder);
    expect(refused.stderr).toMatch(/^octavo: \[run\] too little memory: [^\n]+--force\n$/);
    expect(refused.code).toBe(2);
    const forced = await octavo([command, path, '--device', 'simd', '--force', ...more], folder);
    expect(forced.stderr + forced.stdout).toMatch(/note: .*it is tried all the same/);
  });
});

/** The checkpoint of `made`, whose metadata now tell of llama2-7b, without any weights. */
async function writeHollow(path: string): Promise<void> {
  const { metadata, close } = await openCheckpoint(join(folder, 'made/checkpoints/step-00000001.arrow'));
  await close();
  const model = llamaConfigOf('llama2-7b');
  const plan = { ...JSON.parse(metadata.plan!), model };
  await writeCheckpoint(path, { ...metadata, model: JSON.stringify(model), plan: JSON.stringify(plan) }, []);
}
