/**
 * @file A run in a bucket: the store is killed, started again, or gone for good; the trainer is killed at any request it makes.
 * What is left in the end is what a run in a folder has left.
 * @module-tag slow
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { lockPlace, removeTemporaries } from '@octavo/store';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Between, type Fate, type Passing, standBetween } from '../../../tooling/vitest/s3-between.ts';
import { BUCKET, describeWithS3, type S3Server, startS3 } from '../../../tooling/vitest/s3-server.ts';
import { contentsOf } from './kill-drill.mjs';
import { babble, lines, type Outcome, octavo } from './support.ts';

/** Its checkpoints are longer than a part of an upload. */
const CONFIG = {
  model: {
    ...{ vocabularySize: 256, hiddenSize: 384, layers: 2, ffnSize: 1024 },
    ...{ heads: 4, keyValueHeads: 2, contextLength: 16 },
  },
  recipe: { extends: 'fp8-full', linear: { gradInput: { grad: { rounding: 'stochastic' } } } },
  data: { train: 'text.txt', heldOut: 0.1 },
  ...{ batch: 1, sequence: 16, steps: 6, checkpointEvery: 2, keepCheckpoints: 2 },
  ...{ sampleEvery: 2, evaluateEvery: 2, evaluateTokens: 64, device: 'simd', threads: 1, library: 'off' },
};
const TIMEOUT = 180_000;

describeWithS3('a run in a bucket', () => {
  let folder: string;
  let server: S3Server;
  let between: Between;
  let whole: ReturnType<typeof contentsOf>;
  let env: Record<string, string>;

  const train = (
    out: string,
    begun?: (child: ChildProcess) => void,
    more: Record<string, string> = {},
  ): Promise<Outcome> => {
    const there = existsSync(join(server.folder, BUCKET, out, 'run.json'));
    const how = there ? ['--resume'] : ['--config', 'config.json'];
    const args = ['train', ...how, '--out', `s3://${BUCKET}/${out}`, '--json'];
    return octavo(args, folder, undefined, begun, { env: { ...env, ...more } });
  };
  const left = (out: string) => contentsOf(join(server.folder, BUCKET, out));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'octavo-bucket-'));
    writeFileSync(join(folder, 'text.txt'), babble(3000));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(CONFIG));
    mkdirSync(join(folder, 'tmp'));
    server = await startS3(join(folder, 'server'));
    expect((await octavo(['train', '--config', 'config.json', '--out', 'whole'], folder)).code).toBe(0);
    whole = contentsOf(join(folder, 'whole'));
  }, TIMEOUT);
  beforeEach(async () => {
    between = await standBetween(server.port);
    env = { ...server.env, AWS_ENDPOINT_URL: between.endpoint, TMPDIR: join(folder, 'tmp') };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  });
  afterEach(() => {
    between.close();
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Of all requests that a run makes, in order. */
  const asked: Passing[] = [];
  test('leaves what a run in a folder leaves, and lets another have it', { timeout: TIMEOUT }, async () => {
    between.judge = (passing) => {
      asked.push(passing);
      return 'pass';
    };
    expect(await train('plain')).toMatchObject({ code: 0, stderr: '' });
    expect(left('plain')).toEqual(whole);
    expect(asked.filter(({ url }) => url.includes('partNumber=')).length).toBeGreaterThanOrEqual(6);
    expect(await removeTemporaries(`s3://${BUCKET}/plain`)).toBe(0);
    expect(readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('octavo-run-'))).toEqual([]);
  });

  test('is read by every command that takes a run or a checkpoint', { timeout: TIMEOUT }, async () => {
    const address = `s3://${BUCKET}/plain`;
    const file = `${address}/checkpoints/step-00000006.arrow`;
    const both = async (args: (place: string) => string[]): Promise<Outcome[]> => [
      await octavo(args('whole'), folder, undefined, undefined, { env }),
      await octavo(args(address), folder, undefined, undefined, { env }),
    ];
    const [here, there] = await both((place) => ['eval', place, '--json', '--device', 'simd']);
    expect(lines(there!.stdout)[0]).toEqual({ ...lines(here!.stdout)[0], checkpoint: file });
    const [said, same] = await both((place) => ['generate', place, '--prompt', 'lorem', '--tokens', '9']);
    expect(same).toEqual(said);
    const convert = await octavo(['convert', file, 'model'], folder, undefined, undefined, { env });
    expect(convert).toMatchObject({ code: 0, stderr: '' });
    expect(await octavo(['doctor', `file://${folder}/model`], folder)).toMatchObject({ code: 0 });
    const report = await octavo(['report', address], folder, undefined, undefined, { env });
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout).toMatch(new RegExp(`^${address}/report.html: \\d+ pictures`));
    const refused = await octavo(
      ['generate', `${address}/none`, '--prompt', 'x'],
      folder,
      undefined,
      undefined,
      { env },
    );
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^octavo: .*\/none[^\n]*\n$/) });
  });

  test('the store is killed in the middle of an upload, and started again', {
    timeout: TIMEOUT,
  }, async () => {
    let parts = 0;
    between.judge = async ({ url }): Promise<Fate> => {
      if (url.includes('partNumber=') && ++parts === 4) {
        await server.kill();
        void wait(800).then(server.start);
      }
      return 'pass';
    };
    expect(await train('restarted')).toMatchObject({ code: 0, stderr: '' });
    expect(parts).toBeGreaterThan(6);
    expect(left('restarted')).toEqual(whole);
  });

  test('the trainer is killed at a request, its answer unheard, and resumed', {
    timeout: 4 * TIMEOUT,
  }, async () => {
    const ends = (text: string) =>
      asked.findLastIndex(({ method, url }) => `${method} ${url}`.includes(text));
    const points = new Map([
      ['the lock is put', asked.findIndex(({ method }) => method === 'PUT')],
      [
        'the statistics are put',
        asked.findLastIndex(({ method, url }) => method === 'PUT' && url.endsWith('steps.arrow')),
      ],
      ['a part is put', ends('partNumber=1')],
      [
        'an upload is completed',
        asked.findLastIndex(({ method, url }) => method === 'POST' && url.includes('uploadId=')),
      ],
      ['an old checkpoint goes', ends('DELETE /octavo/plain/checkpoints')],
      ['the lock goes', ends('DELETE /octavo/plain/.octavo-lock')],
    ]);
    for (const [what, at] of points) {
      expect(at, what).toBeGreaterThan(0);
      const heard = at % 2 === 0;
      {
        const out = `killed-${at}-${heard}`;
        let count = 0;
        let child: ChildProcess | undefined;
        between.judge = (): Fate => {
          if (count++ !== at) return 'pass';
          child!.kill('SIGKILL');
          return heard ? 'lose' : 'swallow'; // done by the store, or not
        };
        const outcome = await train(out, (begun) => {
          child = begun;
        });
        expect(outcome.signal, what).toBe('SIGKILL');
        between.judge = () => 'pass';
        expect(await train(out), what).toMatchObject({ code: 0, stderr: '' });
        expect(left(out), `${what}, ${heard}`).toEqual(whole);
        expect(await removeTemporaries(`s3://${BUCKET}/${out}`)).toBe(0);
      }
    }
  });

  test('the store is gone for good: code 1, and the run goes on where it is told, or there', {
    timeout: TIMEOUT,
  }, async () => {
    let parts = 0;
    between.judge = async ({ url }): Promise<Fate> => {
      if (url.includes('partNumber=') && ++parts === 4) await server.kill();
      return 'pass';
    };
    const failed = await train('gone', undefined, { AWS_MAX_ATTEMPTS: '2' });
    expect(failed.code).toBe(1);
    const [, local] =
      /^octavo: \[store\] cannot write s3:\/\/octavo\/gone\/checkpoints\/step-00000004\.arrow: the store does not answer [^\n]*; nothing is lost: the run as it stands is in (\S+): go on there \(octavo train --resume --out \1\)\n$/.exec(
        failed.stderr,
      ) ?? [];
    expect(failed.stderr).toContain('nothing is lost');
    await server.start();
    expect(await octavo(['train', '--resume', '--out', local!, '--json'], folder)).toMatchObject({ code: 0 });
    expect(contentsOf(local!)).toEqual(whole);
    rmSync(local!, { recursive: true });
    between.judge = () => 'pass';
    expect(await train('gone')).toMatchObject({ code: 0, stderr: '' });
    expect(left('gone')).toEqual(whole);
  });

  test('one process at a time writes there', { timeout: TIMEOUT }, async () => {
    const lock = await lockPlace(`s3://${BUCKET}/plain`);
    const second = await train('plain');
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^octavo: \[store\] s3:.*in use[^\n]*\n$/),
    });
    await lock.release();
  });
});
