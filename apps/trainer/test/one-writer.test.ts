// @module-tag slow
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

const LOCK = '.octavo-lock';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-writer-'));
  writeFileSync(join(folder, 'text.txt'), babble(1500));
  const heads = { heads: 2, keyValueHeads: 1, contextLength: 16 };
  const model = { vocabularySize: 256, hiddenSize: 32, layers: 1, ffnSize: 48, ...heads };
  const counts = { batch: 1, sequence: 16, checkpointEvery: 5, evaluateTokens: 64 };
  const data = { train: 'text.txt' };
  writeFileSync(
    join(folder, 'tiny.json'),
    JSON.stringify({ model, data, ...counts, device: 'simd', threads: 1 }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Watch = (stdout: string, child: ChildProcess) => void;
const train = (out: string, steps: number, watch?: Watch) =>
  octavo(['train', '--config', 'tiny.json', '--out', out, '--steps', String(steps), '--json'], folder, watch);

/** Calls `act` once, when the step has been reported. */
function atStep(step: number, act: (child: ChildProcess) => void): Watch {
  let done = false;
  return (stdout, child) => {
    if (done || !stdout.includes(`"event":"step","step":${step},`)) return;
    done = true;
    act(child);
  };
}

const stepsOf = (run: string): number[] =>
  Array.from(tableFromIPC(readFileSync(join(folder, run, 'steps.arrow'))).getChild('step')!, Number);

describe('one process writes in a run’s folder', () => {
  test('a second --resume, and a second new run, are refused while the first trains; it loses nothing', async () => {
    let others: Promise<{ code: number | null; stderr: string }[]> | null = null;
    const first = await train(
      'live',
      100_000,
      atStep(3, (child) => {
        others = Promise.all([
          octavo(['train', '--resume', '--out', 'live'], folder),
          train('live', 5),
        ]).finally(() => child.kill('SIGTERM'));
      }),
    );
    const [resumed, anew] = await others!;
    expect(resumed!.stderr).toMatch(
      /^octavo: \[store\] live is in use: process \d+ on \S+ since \d{4}-\S+ writes there, expected one writer[^\n]+\n$/,
    );
    expect(resumed!.code).toBe(2);
    expect(anew!.stderr).toMatch(/live already holds a run/);
    expect(anew!.code).toBe(2);
    expect(first.code).toBe(0);
    const { step } = lines(first.stdout).at(-1) as { step: number };
    expect(stepsOf('live')).toEqual(Array.from({ length: step }, (_, i) => i + 1));
    expect(existsSync(join(folder, 'live', LOCK))).toBe(false);
  });

  test('of new runs that race for one --out exactly one trains', async () => {
    const all = await Promise.all([1, 2, 3].map(() => train('race', 4)));
    expect(all.map(({ code }) => code).sort()).toEqual([0, 2, 2]);
    for (const { code, stderr } of all)
      if (code === 2) expect(stderr).toMatch(/race (is in use|already holds a run)/);
    expect(stepsOf('race')).toEqual([1, 2, 3, 4]);
  });

  test('a killed process holds nothing', async () => {
    await train(
      'killed',
      100_000,
      atStep(7, (child) => child.kill('SIGKILL')),
    );
    expect(existsSync(join(folder, 'killed', LOCK))).toBe(true);
    const { code, stdout } = await octavo(
      ['train', '--resume', '--out', 'killed', '--steps', '100001', '--json'],
      folder,
      atStep(9, (child) => child.kill('SIGTERM')),
    );
    expect(code).toBe(0);
    expect(lines(stdout)[0]).toMatchObject({ event: 'start', resumedFrom: 5 });
  });

  test('what a kill leaves before there is a run.json is taken by a new run', async () => {
    mkdirSync(join(folder, 'begun'));
    writeFileSync(join(folder, 'begun', LOCK), '{"pid":');
    writeFileSync(join(folder, 'begun', '.run.json.99999999.0123456789ab.octavo-tmp'), '{"sett');
    const { code } = await train('begun', 2);
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'begun')).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('a folder that goes away', () => {
  test.each<[what: string, act: (path: string) => void]>([
    ['moved', (path) => renameSync(path, `${path}-elsewhere`)],
    ['deleted', (path) => rmSync(path, { recursive: true, force: true })],
  ])('%s: the run stops with the reason and does not make it again', async (name, act) => {
    const { code, stderr } = await train(
      name,
      100_000,
      atStep(7, () => act(join(folder, name))),
    );
    // Said by whoever notices first: the look after a step, or the next writing of statistics.
    expect(stderr).toMatch(
      /^octavo: \[(run|store)\] \w+(\/\w+\.arrow is gone: its folder was moved| is no longer the folder that this process writes in)[^\n]+\n$/,
    );
    expect(code).toBe(1);
    expect(existsSync(join(folder, name))).toBe(false);
  });

  test('and it goes on where it lies now', async () => {
    const { code } = await octavo(
      ['train', '--resume', '--out', 'moved-elsewhere', '--json'],
      folder,
      atStep(9, (child) => child.kill('SIGTERM')),
    );
    expect(code).toBe(0);
  });
});

test('two of one study: the second is refused while the first works', async () => {
  let second: Promise<{ code: number | null; stderr: string }> | null = null;
  const study = ['study', 'formats', '--quick', '--out', 'study', '--threads', '1'];
  await octavo(study, folder, (stdout, child) => {
    if (stdout === '') return;
    second ??= octavo(study, folder).finally(() => child.kill('SIGKILL'));
  });
  const { code, stderr } = await second!;
  expect(stderr).toMatch(/^octavo: \[store\] study is in use: process \d+ on [^\n]+\n$/);
  expect(code).toBe(2);
});
