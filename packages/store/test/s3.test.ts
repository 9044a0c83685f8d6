// @module-tag slow
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Between, type Fate, standBetween } from '../../../tooling/vitest/s3-between.ts';
import { BUCKET, describeWithS3, type S3Server, startS3 } from '../../../tooling/vitest/s3-server.ts';
import {
  checkpointFileName,
  createAtomically,
  LOCK_FILE,
  listNames,
  lockPlace,
  look,
  moveFile,
  newestWholeCheckpoint,
  openCheckpoint,
  openReadable,
  openStatistics,
  openWorkingFolder,
  readStatistics,
  readWhole,
  removeFile,
  removeTemporaries,
  stepStatistics,
  writeCheckpoint,
  writeFileAtomically,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const MIB = 2 ** 20;
/** More than two parts of an upload. */
const large = Uint8Array.from({ length: 40 * MIB }, (_, i) => (i * 31) >> 3);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describeWithS3('in a bucket', () => {
  let server: S3Server;
  let between: Between;
  let run = '';
  beforeAll(async () => {
    server = await startS3(join(folder, 'server'));
  });
  beforeEach(async ({ task }) => {
    between = await standBetween(server.port);
    for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ENDPOINT_URL', between.endpoint);
    run = `s3://${BUCKET}/${task.id}`;
  });
  afterEach(() => {
    between.close();
    vi.unstubAllEnvs();
  });
  afterAll(() => server.kill());

  test('files are written, listed, read, moved and removed, whatever they are called', async () => {
    const odd = `${run}/a b/ü+&%2F'"<>#?!(*)=.txt`;
    expect(await look(run)).toBeNull();
    await writeFileAtomically(odd, 'one');
    await writeFileAtomically(`${run}/empty`, '');
    await writeFileAtomically(odd, 'two');
    expect(await look(run)).toEqual({ kind: 'folder', size: 0 });
    expect(await look(odd)).toEqual({ kind: 'file', size: 3 });
    expect(await listNames(run)).toEqual(['a b', 'empty']);
    expect(text(await readWhole(odd))).toBe('two');
    expect((await readWhole(`${run}/empty`)).byteLength).toBe(0);
    await moveFile(odd, `${run}/b`);
    expect(await listNames(run)).toEqual(['b', 'empty']);
    await removeFile(`${run}/b`);
    await removeFile(`${run}/b`);
    expect(await listNames(run)).toEqual(['empty']);
  });

  test('more names than a page holds are listed', async () => {
    const count = 1003;
    const names = Array.from({ length: count }, (_, i) => `n${String(i).padStart(4, '0')}`);
    for (let at = 0; at < count; at += 50)
      await Promise.all(names.slice(at, at + 50).map((name) => writeFileAtomically(`${run}/${name}`, name)));
    expect(await listNames(run)).toEqual(names);
  });

  test('a checkpoint of several parts is there when it is committed, is swept when it is not, and is read by ranges', async () => {
    const path = `${run}/checkpoints/${checkpointFileName(7)}`;
    const unfinished = await createAtomically(path);
    await unfinished.write([large]);
    expect(await listNames(`${run}/checkpoints`)).toEqual([]);
    expect(await removeTemporaries(`${run}/checkpoints`)).toBe(1);
    expect(await removeTemporaries(run)).toBe(0);
    await expect(unfinished.commit()).rejects.toThrow(/^\[store\] cannot write s3:/);

    const small = { role: 'weight', format: 'uint8', shape: [9], data: new Uint8Array(9) };
    await writeCheckpoint(path, { step: '7' }, [
      { ...small, name: 'a' },
      { ...small, name: 'w', shape: [large.length], data: large },
    ]);
    expect(await newestWholeCheckpoint(`${run}/checkpoints`)).toEqual({
      newest: { path, step: 7 },
      skipped: [],
    });
    const asked: string[] = [];
    between.judge = ({ method, headers }) => {
      asked.push(`${method} ${headers.range}`);
      return 'pass';
    };
    const checkpoint = await openCheckpoint(path);
    expect((await checkpoint.read('a', 'weight')).data).toEqual(small.data);
    // Its length; its beginning and its end, in stretches of 256 KiB; and the rows of `w`, by theirs.
    expect(asked.length).toBeLessThan(8);
    const { data } = await checkpoint.read('w', 'weight');
    expect(Buffer.compare(data, large)).toBe(0);
    await writeFileAtomically(path, 'another');
    await expect(checkpoint.read('w', 'weight')).rejects.toThrow(/was changed meanwhile.*PreconditionFailed/);
    await checkpoint.close();
  });

  describe('bad days', () => {
    test('the server is killed in the middle of an upload and started again: the upload goes on', async () => {
      let parts = 0;
      let restarted: Promise<void> | null = null;
      between.judge = ({ url }) => {
        if (url.includes('partNumber=') && ++parts === 2)
          restarted = server
            .kill()
            .then(() => new Promise((r) => setTimeout(r, 700)))
            .then(server.start);
        return 'pass';
      };
      await writeFileAtomically(`${run}/w`, large);
      await restarted;
      expect(parts).toBeGreaterThan(3);
      expect(Buffer.compare(await readWhole(`${run}/w`), large)).toBe(0);
    });

    test('the server is gone for good: one line, and what was there stays', async () => {
      await writeFileAtomically(`${run}/w`, 'before');
      vi.stubEnv('AWS_MAX_ATTEMPTS', '2');
      let parts = 0;
      between.judge = async ({ url }): Promise<Fate> => {
        if (url.includes('partNumber=') && ++parts === 2) await server.kill();
        return 'pass';
      };
      const error = await writeFileAtomically(`${run}/w`, large).catch((e: unknown) => e);
      expect(OctavoError.is(error) && [error.message, error.exitCode]).toEqual([
        expect.stringMatching(
          /^\[store\] cannot write s3:.*\/w: the store does not answer \(.+\): check AWS_ENDPOINT_URL[^\n]*$/,
        ),
        1,
      ]);
      await server.start();
      expect(text(await readWhole(`${run}/w`))).toBe('before');
      expect(await removeTemporaries(run)).toBe(1); // it could not be told to forget them
    });

    test.each([500, 503, 429])('%i is tried again', async (status) => {
      let left = 2;
      between.judge = () => (left-- > 0 ? status : 'pass');
      await writeFileAtomically(`${run}/w`, 'x');
      expect(left).toBeLessThan(0);
    });

    test('an upload whose last answer is lost is known to be whole', async () => {
      let lost = 0;
      between.judge = ({ method, url }) => {
        if (method !== 'POST' || !url.includes('uploadId=')) return 'pass';
        if (lost++ === 0) return 'lose';
        return { after: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' };
      };
      await writeFileAtomically(`${run}/w`, large);
      expect(lost).toBe(2);
      expect(Buffer.compare(await readWhole(`${run}/w`), large)).toBe(0);
    });

    test('a byte that is altered on its way is refused by the store', async () => {
      const { port } = server;
      const answer = await import('aws4fetch').then(async ({ AwsV4Signer }) => {
        const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = server.env;
        const signed = await new AwsV4Signer({
          ...{
            accessKeyId: accessKeyId!,
            secretAccessKey: secretAccessKey!,
            service: 's3',
            region: 'us-east-1',
          },
          ...{ method: 'PUT', url: `http://127.0.0.1:${port}/${BUCKET}/altered` },
          headers: { 'x-amz-content-sha256': '0'.repeat(64) },
        }).sign();
        return fetch(signed.url, { method: 'PUT', headers: signed.headers, body: 'x' });
      });
      expect(answer.status).toBe(400);
    });

    test.each<[what: string, env: Record<string, string>, address: string, said: RegExp, code: number]>([
      ['no bucket', {}, 's3://none-such/x', /there is no such bucket.*AWS_ENDPOINT_URL/, 2],
      ['no object', {}, `s3://${BUCKET}/none`, /octavo\/none: it does not exist/, 2],
      [
        'a wrong secret',
        { AWS_SECRET_ACCESS_KEY: 'x' },
        `s3://${BUCKET}/x`,
        /check AWS_ACCESS_KEY_ID, its secret/,
        2,
      ],
      [
        'no key',
        { AWS_ACCESS_KEY_ID: '' },
        `s3://${BUCKET}/x`,
        /needs AWS_ACCESS_KEY_ID in the environment: got none/,
        2,
      ],
      ['no endpoint', { AWS_ENDPOINT_URL: 'x' }, `s3://${BUCKET}/x`, /needs AWS_ENDPOINT_URL.*got "x"/, 2],
      [
        'no host',
        { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' },
        `s3://${BUCKET}/x`,
        /does not answer/,
        1,
      ],
      ['no bucket’s name', {}, 's3://_/x', /names no bucket/, 2],
    ])('%s', async (_, env, address, said, code) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const use = address.includes('none-such') ? listNames(address) : openReadable(address);
      const error = await use.catch((e: unknown) => e);
      expect(OctavoError.is(error) && [error.message, error.exitCode]).toEqual([
        expect.stringMatching(said),
        code,
      ]);
      expect((error as Error).message).toMatch(/^\[store\] [^\n]+$/);
    });
  });

  describe('one writer', () => {
    const path = () => `${run}/${LOCK_FILE}`;
    const alter = async (change: object): Promise<void> => {
      const owner = JSON.parse(text(await readWhole(path())));
      await writeFileAtomically(path(), JSON.stringify({ ...owner, ...change }));
    };

    test('another is told who writes there, and for how long', async () => {
      const lock = await lockPlace(run);
      const error = await lockPlace(run).catch((e: unknown) => e);
      expect(OctavoError.is(error) && error.exitCode).toBe(2);
      expect((error as Error).message).toMatch(
        new RegExp(
          `^\\[store\\] ${run} is in use: process ${process.pid} on .* holds it for 1[12]\\d more seconds$`,
        ),
      );
      expect(await lock.holds(true)).toBe(true);
      await lock.release();
      expect(await look(path())).toBeNull();
      expect(await lock.holds()).toBe(false);
      await (await lockPlace(run)).release();
    });

    test('of many that begin at once exactly one has it', async () => {
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => lockPlace(run)));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test.each([
      ['has expired', { host: 'elsewhere', expires: new Date(0).toISOString() }],
      ['is of a process of this machine that is gone', { pid: 2 ** 22 + 1 }],
      ['is none of ours', { expires: 3 }],
    ])('a lock that %s is taken over, and its owner notices', async (_, change) => {
      const first = await lockPlace(run);
      await alter(change);
      const second = await lockPlace(run);
      expect(await first.holds(true)).toBe(false);
      await first.release();
      expect(await second.holds(true)).toBe(true);
      await second.release();
    });

    test('a lock that is deleted is noticed', async () => {
      const lock = await lockPlace(run);
      await removeFile(path());
      expect(await lock.holds(true)).toBe(false);
    });

    test('answers that get lost neither lose it nor give it twice', async () => {
      let puts = 0;
      between.judge = ({ method }) => (method === 'PUT' && ++puts % 2 === 1 ? 'lose' : 'pass');
      const lock = await lockPlace(run);
      expect(await lock.holds(true)).toBe(true);
      await expect(lockPlace(run)).rejects.toThrow(/in use/);
      expect(await lock.holds(true)).toBe(true);
      await lock.release();
    });

    test('a store that ignores conditions is refused', async () => {
      between.judge = ({ headers }) => (headers['if-none-match'] ? { after: 200 } : 'pass');
      await expect(lockPlace(run)).rejects.toThrow(/got a store that ignores If-None-Match/);
      expect(await look(path())).toBeNull();
    });

    test('a store that does not answer for a moment is no lost lock', async () => {
      const lock = await lockPlace(run);
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
      between.judge = () => 500;
      expect(await lock.holds()).toBe(true);
      vi.restoreAllMocks();
      between.judge = () => 'pass';
      await lock.release();
    });
  });

  test('what grows lies in a copy that is brought there as a whole, and goes', async () => {
    await writeFileAtomically(`${run}/run.json`, '{}');
    await writeFileAtomically(`${run}/checkpoints/x`, 'stays there');
    const working = await openWorkingFolder(run);
    expect(readdirSync(working.local)).toEqual(['run.json']);
    const steps = openStatistics(join(working.local, 'steps.arrow'), stepStatistics);
    steps.append([{ step: 0 }]);
    steps.flush();
    await working.publish();
    expect((await readStatistics(`${run}/steps.arrow`)).numRows).toBe(1);
    let puts = 0;
    between.judge = ({ method }) => {
      if (method === 'PUT') puts++;
      return 'pass';
    };
    await working.publish();
    expect(puts).toBe(0);
    steps.append([{ step: 1 }]);
    steps.close();
    await working.close();
    expect(puts).toBe(1);
    expect((await readStatistics(`${run}/steps.arrow`)).numRows).toBe(2);
    expect(existsSync(working.local)).toBe(false);

    const other = await openWorkingFolder(run);
    await writeFileAtomically(join(other.local, 'later.json'), '{}');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    await expect(other.close()).rejects.toThrow(`; what ${run} lacks is in ${other.local}`);
    expect(readdirSync(other.local).sort()).toEqual(['later.json', 'run.json', 'steps.arrow']);
    rmSync(other.local, { recursive: true });
  });
});
