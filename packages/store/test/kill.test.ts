// @module-tag slow
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, expect, test } from 'vitest';
import { listCheckpoints, newestWholeCheckpoint, openCheckpoint, removeTemporaries } from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const victim = fileURLToPath(new URL('./victim.mjs', import.meta.url));
const folder = temporaryFolder();
const random = randomFrom(77);

beforeAll(() => {
  // The child runs the compiled package: Node 20 cannot run TypeScript. Nothing is done where it is up to date.
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  spawnSync(process.execPath, [tsc, '-b', 'packages/store'], { cwd: root });
});

/**
 * Runs the victim and kills it some milliseconds after it has saved so many times (0: is ready). Gives the last step
 * that it said to have saved.
 */
async function runAndKill(run: string, saves: number, milliseconds: number): Promise<number | undefined> {
  const child = spawn(process.execPath, [victim, dist, run, '200000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const exited = new Promise((resolve) => child.on('exit', resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text) => {
      output += text;
      if (output.split('\n').length > saves + 1) resolve();
    });
    child.on('exit', () => resolve());
  });
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill('SIGKILL');
  await exited;
  expect(output).toMatch(/^ready\n/);
  const saved = [...output.matchAll(/saved (\d+)\n/g)].at(-1)?.[1];
  return saved === undefined ? undefined : Number(saved);
}

test('killed at random moments, the newest checkpoint is whole and the statistics are readable', async () => {
  const run = join(folder, 'run');
  const checkpoints = join(run, 'checkpoints');
  let saved = -1;
  for (let round = 0; round < 8; round++) {
    saved = (await runAndKill(run, random(3), random(60))) ?? saved;
    const { newest, skipped } = await newestWholeCheckpoint(checkpoints);
    expect(skipped).toEqual([]);
    expect(newest?.step ?? -1).toBeGreaterThanOrEqual(saved);
    if (newest !== undefined) {
      const opened = await openCheckpoint(newest.path);
      const { data } = await opened.read('w', 'weight');
      await opened.close();
      const seed = createHash('sha256').update(String(newest.step)).digest();
      expect(data.every((byte, i) => byte === ((seed[i % 32]! ^ (i >> 5)) & 255))).toBe(true);
    }
    // Read as anybody would, not by this package.
    const steps = [...tableFromIPC(readFileSync(join(run, 'steps.arrow')))].map((row) => Number(row.step));
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i));
    expect(steps.length).toBeGreaterThan(newest?.step ?? -1);
    expect(tableFromIPC(readFileSync(join(run, 'tensors.arrow'))).numRows % 50).toBe(0);
  }
  expect(saved).toBeGreaterThan(3);
  await removeTemporaries(checkpoints);
  expect(readdirSync(checkpoints)).toHaveLength((await listCheckpoints(checkpoints)).length);
});

test.skipIf(process.platform === 'win32')(
  'a file system that takes no more leaves the last checkpoint whole',
  async () => {
    const run = join(folder, 'full');
    const checkpoints = join(run, 'checkpoints');
    const limited = (blocks: number, elements: number) =>
      spawnSync(
        'sh',
        ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath, victim, dist, run, String(elements)],
        { timeout: 50_000, killSignal: 'SIGKILL', encoding: 'utf8' },
      );
    expect(await runAndKill(run, 1, 0)).toBeGreaterThanOrEqual(0);
    const { newest: before } = await newestWholeCheckpoint(checkpoints);
    // Room for 2048 blocks (1 or 2 MiB), while a checkpoint now wants 8 MB.
    const { status, stderr } = limited(2048, 4_000_000);
    expect(stderr).toMatch(/^OctavoError: \[store\] cannot write .*step-\d{8}\.arrow: .*\(EFBIG\)\n$/);
    expect(status).toBe(1);
    const { newest, skipped } = await newestWholeCheckpoint(checkpoints);
    expect(newest).toEqual(before);
    expect(skipped).toEqual([]);
    expect(readdirSync(checkpoints).filter((name) => name.includes('.tmp'))).toEqual([]);
  },
);
