/**
 * @file Ranks of one run as processes, started by mpirun: their bits, and what happens when one of them is killed or stops.
 * @module-tag slow
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCommunicator } from '@octavo/mpi';
import { newestWholeCheckpoint, openCheckpoint } from '@octavo/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, type Outcome } from './support.ts';

const BIN = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));
const STEPS = 12;

/** Open MPI, and processes that /proc tells of. */
const isThere =
  process.platform === 'linux' &&
  /Open MPI/.test(spawnSync('mpirun', ['--version'], { encoding: 'utf8' }).stdout ?? '');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-ranks-'));
  writeFileSync(join(folder, 'text.txt'), babble(6000));
  const model = { vocabularySize: 256, hiddenSize: 32, layers: 2, heads: 2, keyValueHeads: 1 };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model: { ...model, ffnSize: 48, contextLength: 32 },
      recipe: 'fp8-full',
      data: { train: 'text.txt', heldOut: 0.1 },
      ...{ batch: 2, accumulation: 4, sequence: 32, steps: STEPS, checkpointEvery: 4, sampleEvery: 2 },
      ...{ evaluateTokens: 256, device: 'simd', threads: 1, deterministic: true },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `octavo train` on so many ranks; `watch` sees what is said so far. */
function train(
  size: number,
  args: readonly string[],
  watch: (stdout: string, child: ChildProcess) => void = () => {},
): Promise<Outcome> {
  const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  const mpirun = ['mpirun', ...root, '--oversubscribe', '-n', String(size), process.execPath];
  const [tool, ...before] = size === 1 ? [process.execPath] : mpirun;
  return new Promise((resolve, reject) => {
    const child = spawn(tool!, [...before, BIN, 'train', ...args, '--json'], { cwd: folder });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      watch(stdout, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const begin = (out: string): string[] => ['--config', 'config.json', '--out', out];

/** The process of a rank that this mpirun started. */
function processOf(mpirun: ChildProcess, rank: number): number {
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    try {
      const parent = / (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8').replace(/.*\) ./, ''))![1];
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      if (Number(parent) === mpirun.pid && environment.includes(`OMPI_COMM_WORLD_RANK=${rank}`))
        return Number(name);
    } catch {
      // it has ended meanwhile, or is another user's
    }
  throw new Error(`no process of rank ${rank} below ${mpirun.pid}`);
}

/** Sends a rank a signal once, when a step has been told. */
function signalAt(step: number, rank: number, signal: NodeJS.Signals) {
  let sent = false;
  return (stdout: string, mpirun: ChildProcess): void => {
    if (sent || !stdout.includes(`"event":"step","step":${step},`)) return;
    sent = true;
    process.kill(processOf(mpirun, rank), signal);
  };
}

/** All tensors of a run's last checkpoint. */
async function stateOf(out: string) {
  const { newest } = await newestWholeCheckpoint(join(folder, out, 'checkpoints'));
  const checkpoint = await openCheckpoint(newest!.path);
  const tensors = [];
  for await (const tensor of checkpoint.all()) tensors.push(tensor);
  await checkpoint.close();
  return { step: newest!.step, tensors };
}

describe.runIf(isThere)('octavo train under mpirun', { timeout: 240_000 }, () => {
  let alone: Awaited<ReturnType<typeof stateOf>>;
  beforeAll(async () => {
    expect(await train(1, begin('alone'))).toMatchObject({ code: 0, stderr: '' });
    alone = await stateOf('alone');
    expect(alone.step).toBe(STEPS);
  }, 120_000);

  test('two ranks leave the state of one, and say what one says', async () => {
    const { code, stderr, stdout } = await train(2, begin('two'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/"event":"step"/g)).toHaveLength(STEPS);
    expect(await stateOf('two')).toEqual(alone);
  });

  test.each([0, 1])('rank %i killed: all end, and one process goes on to the same state', async (rank) => {
    const out = `killed-${rank}`;
    const { code } = await train(2, begin(out), signalAt(6, rank, 'SIGKILL'));
    expect(code).not.toBe(0);
    expect((await stateOf(out)).step).toBeLessThan(STEPS);
    expect(await train(1, ['--resume', '--out', out])).toMatchObject({ code: 0, stderr: '' });
    expect(await stateOf(out)).toEqual(alone);
  });

  test('a rank that stops is named, and three go on to the same state', async () => {
    const patience = ['--patience', '3'];
    const { code, stderr } = await train(2, [...begin('stopped'), ...patience], signalAt(6, 1, 'SIGSTOP'));
    expect(stderr).toMatch(/^octavo: rank 0: \[mpi\] rank 1 did not answer within 3 s/m);
    expect(code).toBe(1);
    const resumed = await train(3, ['--resume', '--out', 'stopped']);
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(await stateOf('stopped')).toEqual(alone);
  });
});

test.skipIf(isThere)('without Open MPI a process is alone', () => {
  expect(openCommunicator().size).toBe(1);
});
