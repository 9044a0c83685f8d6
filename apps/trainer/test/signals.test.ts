// @module-tag slow
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-signals-'));
  writeFileSync(join(folder, 'text.txt'), babble(60_000));
  writeFileSync(join(folder, 'long.txt'), babble(2_000_000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = ['--model', 'nano', '--device', 'simd', '--threads', '1', '--batch', '1'];
const nano = ['train', '--data', 'text.txt', ...device];
const saved = (out: string): string[] => readdirSync(join(folder, out, 'checkpoints'));

/** Sends it once, at the first output that holds `when`. */
const sendAt = (signal: NodeJS.Signals, when: string) => {
  let sent = false;
  return (stdout: string, child: ChildProcess): void => {
    if (sent || !stdout.includes(when)) return;
    sent = child.kill(signal);
  };
};

describe.skipIf(process.platform === 'win32')('a signal finishes the step and saves, exit code 0', () => {
  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'])('%s', async (signal) => {
    const args = [...nano, '--steps', '100000', '--sequence', '32', '--out', signal, '--json'];
    const { code, stdout, stderr } = await octavo(args, folder, sendAt(signal, '"event":"step"'));
    expect(stderr).toBe('');
    expect(lines(stdout).at(-1)).toMatchObject({ event: 'end', reason: 'interrupted' });
    expect(code).toBe(0);
    expect(saved(signal).length).toBeGreaterThan(0);
  });

  test('during the evaluation before the first step: it is broken off, and made up for by --resume', async () => {
    writeFileSync(join(folder, 'slow.json'), JSON.stringify({ evaluateTokens: 10_000_000 }));
    const args = [...nano, '--config', 'slow.json', '--steps', '2', '--out', 'evaluating', '--json'];
    let at = 0;
    const began = (stdout: string, child: ChildProcess): void => {
      if (at > 0 || !stdout.includes('"event":"start"')) return;
      setTimeout(() => {
        at = performance.now();
        child.kill('SIGTERM');
      }, 300);
    };
    const { code, stdout } = await octavo(args, folder, began);
    expect(performance.now() - at).toBeLessThan(10_000);
    expect(code).toBe(0);
    expect(lines(stdout).map(({ event }) => event)).not.toContain('evaluation');
    expect(lines(stdout).at(-1)).toMatchObject({ event: 'end', reason: 'interrupted', step: 0 });
    writeFileSync(join(folder, 'quick.json'), JSON.stringify({ evaluateTokens: 64 }));
    const resume = ['train', '--resume', '--config', 'quick.json', '--out', 'evaluating', '--json'];
    const resumed = await octavo(resume, folder);
    const evaluations = lines(resumed.stdout).filter(({ event }) => event === 'evaluation');
    expect(evaluations.map(({ step }) => step)).toEqual([0, 2]);
  });

  test('during octavo eval: one line, exit code 0', async () => {
    await octavo([...nano, '--steps', '1', '--out', 'evaluated'], folder);
    const args = ['eval', 'evaluated', '--data', 'long.txt', '--device', 'simd', '--threads', '1'];
    const { code, stderr, stdout } = await octavo(args, folder, sendAt('SIGTERM', 'reads'));
    expect(stdout).toMatch(
      /^evaluated\/checkpoints\/step-00000001.arrow, step 1, reads long\.txt: [\d,]+ tokens\n$/,
    );
    expect(stderr).toMatch(/^octavo: [^\n]*interrupted[^\n]*\n$/);
    expect(code).toBe(0);
  });
});

test.runIf(existsSync('/dev/full'))(
  'a full disk behind standard output: one line, and the run is saved',
  async () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await octavo(
      [...nano, '--steps', '1000', '--out', 'full'],
      folder,
      undefined,
      undefined,
      { stdout: full },
    );
    expect(stderr).toMatch(/^octavo: \[run\] standard output cannot be written: got ENOSPC[^\n]*\n$/);
    expect(code).toBe(1);
    expect(saved('full').length).toBeGreaterThan(0);
  },
);

test.runIf(existsSync('/proc/self'))(
  'a working folder that cannot be written: --out elsewhere is enough',
  async () => {
    const text = join(folder, 'text.txt');
    const there = ['train', '--data', text, ...device, '--steps', '1'];
    const cache = join(folder, 'cache');
    const { code, stderr } = await octavo(
      [...there, '--out', join(folder, 'elsewhere')],
      '/proc',
      undefined,
      undefined,
      {
        env: { XDG_CACHE_HOME: cache },
      },
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(readdirSync(join(cache, 'octavo', 'data'))).toHaveLength(1);
    const here = await octavo(there, '/proc', undefined, undefined, {
      env: { XDG_CACHE_HOME: cache },
    });
    expect(here.stderr).toMatch(/^octavo: \[run\] runs cannot be made: got ENOENT, [^\n]*--out\n$/);
    expect(here.code).toBe(1);
  },
);
