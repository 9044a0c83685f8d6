import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { countsLine } from '../counts.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs vitest on files of that content, elsewhere, with the reporter. */
function runVitest(files: Record<string, string>): { status: number | null; counts: unknown } {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-counts-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const counts = join(folder, 'counts.json');
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--globals',
        `--root=${folder}`,
        `--reporter=${join(root, 'tooling/test-reporter/counts-reporter.mjs')}`,
      ],
      { env: { ...process.env, OCTAVO_TEST_COUNTS: counts }, encoding: 'utf8', cwd: folder },
    );
    return { status, counts: JSON.parse(readFileSync(counts, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('tests are counted by their result; a file that cannot be run counts as a failure', () => {
  const { status, counts } = runVitest({
    'a.test.js': `test('a', () => {}); test('b', () => { throw new Error('no'); }); test.skip('c', () => {}); test.todo('d');
      describe('deep', () => { test('e', () => { expect(1 + 1).toBe(2); }); });`,
    'broken.test.js': `throw new Error('cannot be loaded');`,
    'late.test.js': `test('f', () => { setTimeout(() => { throw new Error('outside of any test'); }, 0); return new Promise((r) => setTimeout(r, 50)); });`,
  });
  expect(status).toBe(1);
  expect(counts).toEqual({ passed: 3, failed: 3, skipped: 2 });
});

test('the line leaves out skipped tests where there are none', () => {
  expect(countsLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(countsLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped');
});
