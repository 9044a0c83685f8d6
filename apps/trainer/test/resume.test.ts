// @module-tag slow
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listCheckpoints, openCheckpoint } from '@octavo/store';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

const STEPS = 200;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-resume-'));
  writeFileSync(join(folder, 'text.txt'), babble(6000));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model: {
        vocabularySize: 256,
        hiddenSize: 32,
        layers: 2,
        heads: 2,
        keyValueHeads: 1,
        ffnSize: 48,
        contextLength: 32,
      },
      // Stochastic gradients, delayed scales, formatted moments: all state that there is has to come back.
      recipe: {
        extends: 'fp8-full',
        linear: { gradInput: { grad: { rounding: 'stochastic' } } },
        optimizer: { rounding: 'stochastic' },
      },
      data: { train: 'text.txt', heldOut: 0.1 },
      ...{
        batch: 2,
        accumulation: 2,
        sequence: 32,
        steps: STEPS,
        checkpointEvery: 50,
        keepCheckpoints: 2,
        sampleEvery: 20,
      },
      ...{ evaluateTokens: 256, device: 'simd', threads: 1 },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (out: string, more: string[] = [], watch?: (stdout: string, child: ChildProcess) => void) =>
  octavo(['train', '--config', 'config.json', '--out', out, '--json', ...more], folder, watch);

/** Sends a signal once, when the step has been reported. */
function signalAt(step: number, signal: NodeJS.Signals): (stdout: string, child: ChildProcess) => void {
  let sent = false;
  return (stdout, child) => {
    if (sent || !stdout.includes(`"event":"step","step":${step},`)) return;
    sent = true;
    child.kill(signal);
  };
}

const losses = (stdout: string): Map<unknown, unknown> =>
  new Map(
    lines(stdout)
      .filter((l) => l.event === 'step')
      .map((l) => [l.step, [l.loss, l.gradientNorm, l.learningRate]]),
  );

/** Everything in a run's last checkpoint, with data as text so that a difference is shown. */
async function lastCheckpoint(out: string): Promise<unknown> {
  const newest = (await listCheckpoints(join(folder, out, 'checkpoints'))).at(-1)!;
  const checkpoint = await openCheckpoint(newest.path);
  const tensors: unknown[] = [];
  for await (const { data, scale, ...rest } of checkpoint.all()) {
    tensors.push({ ...rest, scale: Array.from(scale), data: Buffer.from(data).toString('base64') });
  }
  const { metadata } = checkpoint;
  await checkpoint.close();
  return { step: newest.step, metadata, tensors };
}

const stepColumn = (out: string): number[] =>
  Array.from(
    tableFromIPC(readFileSync(join(folder, out, 'steps.arrow')))
      .getChild('step')!
      .toArray() as ArrayLike<number | bigint>,
    Number,
  );

describe('a run that was stopped and resumed equals one that was not', () => {
  let whole: { stdout: string; losses: Map<unknown, unknown>; checkpoint: unknown };
  beforeAll(async () => {
    const { code, stdout, stderr } = await train('whole');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    whole = { stdout, losses: losses(stdout), checkpoint: await lastCheckpoint('whole') };
  });

  test('the uninterrupted run: every step once, evaluations before and after, the newest checkpoints kept', () => {
    expect([...whole.losses.keys()]).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    const evaluations = lines(whole.stdout).filter((l) => l.event === 'evaluation');
    expect(evaluations.map((l) => l.step)).toEqual([0, STEPS]);
    expect(evaluations[1]!.loss).toBeLessThan(evaluations[0]!.loss as number);
    expect(readdirSync(join(folder, 'whole', 'checkpoints')).sort()).toEqual([
      'step-00000150.arrow',
      'step-00000200.arrow',
    ]);
    expect(stepColumn('whole')).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    const types = new Set(lines(whole.stdout).map((l) => l.event));
    expect([...types].sort()).toEqual([
      'baseline',
      'checkpoint',
      'end',
      'evaluation',
      'sample',
      'start',
      'step',
    ]);
  });

  test.each<[NodeJS.Signals, string, string]>([
    ['SIGINT', 'interrupted', '1'],
    ['SIGTERM', 'terminated', '2'],
  ])(
    '%s finishes the step, saves, exits 0; --resume goes on, on however many threads',
    async (signal, out, threads) => {
      const first = await train(out, [], signalAt(63, signal));
      expect(first.code).toBe(0);
      const end = lines(first.stdout).at(-1)!;
      expect(end).toMatchObject({ event: 'end', reason: 'interrupted' });
      const stopped = end.step as number;
      expect(stopped).toBeLessThan(STEPS);
      expect((await listCheckpoints(join(folder, out, 'checkpoints'))).at(-1)!.step).toBe(stopped);

      const second = await octavo(
        ['train', '--resume', '--out', out, '--threads', threads, '--json'],
        folder,
      );
      expect(second.code).toBe(0);
      expect(lines(second.stdout)[0]).toMatchObject({ event: 'start', resumedFrom: stopped });
      expect(new Map([...losses(first.stdout), ...losses(second.stdout)])).toEqual(whole.losses);
      expect(await lastCheckpoint(out)).toEqual(whole.checkpoint);
      expect(stepColumn(out)).toEqual(stepColumn('whole'));
    },
  );

  test('kill -9 loses only the steps since the last checkpoint', async () => {
    const first = await train('killed', [], signalAt(103, 'SIGKILL'));
    expect(first.signal).toBe('SIGKILL');
    const second = await octavo(['train', '--resume', '--out', 'killed', '--json'], folder);
    expect(second.code).toBe(0);
    const [start] = lines(second.stdout);
    expect(start!.resumedFrom).toBeGreaterThanOrEqual(100);
    expect((start!.resumedFrom as number) % 50).toBe(0);
    expect(new Map([...losses(first.stdout), ...losses(second.stdout)])).toEqual(whole.losses);
    expect(await lastCheckpoint('killed')).toEqual(whole.checkpoint);
    expect(stepColumn('killed')).toEqual(stepColumn('whole'));
  });

  test('kill -9 before the first checkpoint: the run begins anew in the same folder', async () => {
    const first = await train('early', [], signalAt(3, 'SIGKILL'));
    expect(first.signal).toBe('SIGKILL');
    rmSync(join(folder, 'early', 'checkpoints'), { recursive: true, force: true }); // in case it was fast
    const second = await octavo(['train', '--resume', '--out', 'early', '--json'], folder);
    expect(second.code).toBe(0);
    expect(losses(second.stdout)).toEqual(whole.losses);
    expect(await lastCheckpoint('early')).toEqual(whole.checkpoint);
    expect(stepColumn('early')).toEqual(stepColumn('whole'));
  });

  test('a damaged newest checkpoint is passed over, said so, and the one before it is used', async () => {
    const last = join(folder, 'early', 'checkpoints', 'step-00000200.arrow');
    truncateSync(last, 3000);
    const { code, stdout } = await octavo(['train', '--resume', '--out', 'early', '--json'], folder);
    expect(code).toBe(0);
    expect(lines(stdout)[0]).toMatchObject({ event: 'warning' });
    expect(lines(stdout)[0]!.message).toMatch(/step-00000200\.arrow.*earlier checkpoint/);
    expect(lines(stdout)[1]).toMatchObject({ event: 'start', resumedFrom: 150 });
    expect(await lastCheckpoint('early')).toEqual(whole.checkpoint);
  });
});

test('a run that goes on with another device says so', async () => {
  const path = join(folder, 'early', 'run.json');
  const record = JSON.parse(readFileSync(path, 'utf8'));
  const { device } = record.facts;
  writeFileSync(path, JSON.stringify({ ...record, facts: { ...record.facts, device: `${device}, a BLAS` } }));
  const resume = ['train', '--resume', '--out', 'early', '--json'];
  const [warning, start] = lines((await octavo(resume, folder)).stdout);
  expect(warning).toMatchObject({ event: 'warning' });
  expect(warning!.message).toContain(`with ${device}, it was made with ${device}, a BLAS: its last bits may`);
  expect(start).toMatchObject({ event: 'start' });
  expect(lines((await octavo(resume, folder)).stdout)[0]).toMatchObject({ event: 'start' });
});

describe('what a run in its folder is safe from', () => {
  const snapshot = (): Record<string, string> =>
    Object.fromEntries(
      ['run.json', 'steps.arrow', 'tensors.arrow', 'checkpoints/step-00000200.arrow'].map((name) => [
        name,
        readFileSync(join(folder, 'whole', name)).toString('base64'),
      ]),
    );

  test.each<[what: string, args: string[], said: RegExp, code: number]>([
    ['a new run in its folder', ['--out', 'whole'], /whole already holds a run.*--resume/, 2],
    [
      'another model',
      ['--out', 'whole', '--resume', '--model', 'nano'],
      /another model: got "nano", expected "custom"/,
      2,
    ],
    [
      'another recipe',
      ['--out', 'whole', '--resume', '--recipe', 'bf16'],
      /another recipe: got "bf16", expected "fp8-full-custom"/,
      2,
    ],
    ['another seed', ['--out', 'whole', '--resume', '--seed', '7'], /another seed: got 7, expected 1/, 2],
    ['another text', ['--out', 'whole', '--resume', '--data', 'config.json'], /another data\.train/, 2],
  ])('%s', async (_, args, said, code) => {
    const before = snapshot();
    const outcome = await octavo(['train', ...args], folder);
    expect(outcome.stderr).toMatch(said);
    expect(outcome.stderr).toMatch(/^octavo: [^\n]+\n$/);
    expect(outcome.code).toBe(code);
    expect(snapshot()).toEqual(before);
  });

  test('the checkpoint of another model in its place is refused', async () => {
    const checkpoints = join(folder, 'whole', 'checkpoints');
    const other = join(folder, 'other.json');
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    writeFileSync(
      other,
      JSON.stringify({ ...config, model: { ...config.model, ffnSize: 64 }, steps: 2, evaluateTokens: 64 }),
    );
    await octavo(['train', '--config', 'other.json', '--out', 'other'], folder);
    const foreign = readFileSync(join(folder, 'other', 'checkpoints', 'step-00000002.arrow'));
    writeFileSync(join(checkpoints, 'step-00000999.arrow'), foreign);
    const before = snapshot();
    const { code, stderr } = await octavo(['train', '--resume', '--out', 'whole'], folder);
    rmSync(join(checkpoints, 'step-00000999.arrow'));
    expect(stderr).toMatch(/^octavo: .*step-00000999\.arrow is of another run: its model [^\n]+\n$/);
    expect(code).toBe(2);
    expect(snapshot()).toEqual(before);
  });
});

describe('eval and generate', () => {
  test('eval repeats the run’s own last evaluation, from the run or from the checkpoint', async () => {
    const { stdout } = await octavo(['eval', 'whole', '--json', '--device', 'simd'], folder);
    const [result] = lines(stdout);
    expect(result).toMatchObject({ event: 'evaluation', step: STEPS });
    const file = join('whole', 'checkpoints', 'step-00000200.arrow');
    const again = await octavo(
      ['eval', file, '--json', '--device', 'simd', '--data', 'text.txt', '--tokens', '512'],
      folder,
    );
    const [other] = lines(again.stdout);
    expect(other!.tokens).toBeLessThanOrEqual(512);
    expect(other!.perplexity).toBeCloseTo(Math.exp(other!.loss as number), 8);
    expect(other!.bitsPerByte).toBeCloseTo((other!.loss as number) / Math.LN2, 2); // one token a byte, and one to end the text
  });

  test('generate: the same seed gives the same text, begun with the prompt; other seeds others', async () => {
    const generate = async (...more: string[]) => {
      const { code, stdout, stderr } = await octavo(
        ['generate', 'whole', '--prompt', 'lorem ipsum', '--tokens', '40', '--device', 'simd', ...more],
        folder,
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return stdout;
    };
    const first = await generate();
    expect(first).toMatch(/^lorem ipsum./);
    expect(await generate()).toBe(first);
    expect(await generate('--seed', '2')).not.toBe(first);
    const events = lines(await generate('--json'));
    expect(events[0]).toMatchObject({ event: 'start', prompt: 'lorem ipsum' });
    expect(`lorem ipsum${events.map((e) => e.text ?? '').join('')}\n`).toBe(first);
  });
});
