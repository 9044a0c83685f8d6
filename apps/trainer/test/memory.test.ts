/** @file What a run needs is said before anything is allocated. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { resolveSettings } from '../src/config/settings.ts';
import { describeError } from '../src/errors.ts';
import { checkMemory, gigabytes } from '../src/run/memory.ts';
import { octavo } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const room = { memory: 32e9, addresses: Number.POSITIVE_INFINITY, cores: 8 };

test('a model beyond the machine is refused with all the figures, or tried by --force', async () => {
  const settings = await resolveSettings({ model: 'llama2-7b' });
  const said: string[] = [];
  const warn = (message: string) => said.push(message);
  expect(() => checkMemory(settings, { force: false, warn, room })).toThrow(
    /^\[run\] too little memory: a step of llama2-7b with \d+ x \d+ tokens needs about \d+ GB \(weights \S+ GB, optimizer \S+ GB, gradients \S+ GB, activations \S+ GB\), and this machine has 32 GB and 8 cores, device simd holds 4.3 GB at most; .*--force$/,
  );
  checkMemory(settings, { force: true, warn, room });
  expect(said).toEqual([expect.stringContaining('it is tried all the same')]);
  checkMemory(await resolveSettings({ model: 'nano' }), { force: false, warn, room });
  checkMemory(await resolveSettings({ model: 'stories15m' }), { force: false, warn, room });
  expect(() => checkMemory(settings, { force: false, warn, room: { ...room, addresses: 8e9 } })).toThrow(
    'this process may have 8 GB (ulimit -v)',
  );
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

test.skipIf(process.platform !== 'linux')('under ulimit -v the memory is named, not a file', () => {
  writeFileSync(join(folder, 'text.txt'), 'some text '.repeat(500));
  const bin = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));
  const command = `ulimit -v 8000000; "${process.execPath}" "${bin}" train --data text.txt --steps 1 --out limited 2>&1; exit 0`;
  const said = execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  expect(said).toMatch(/memory/);
  expect(said).toMatch(/ulimit -v/);
  expect(said).not.toMatch(/cannot be written/);
});
