import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTokenShard, writeTokenShard } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octavo-shard-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const metadata = { tokenizer: 'bytes', 'tokenizer.hash': 'é✓' };

test.each([0, 1, 16383, 16384, 16385, 40000])('%i tokens come back, from any place', async (length) => {
  const tokens = Uint16Array.from({ length }, (_, i) => (i * 7919) % 1000);
  const documents = [0, 5, 16384, 20000].filter((start) => start < length);
  const path = join(folder, `${length}.arrow`);
  await writeTokenShard(path, { tokens, documents, metadata, vocabularySize: 1000 });
  const shard = await openTokenShard(path);
  expect(shard.length).toBe(length);
  expect(shard.metadata).toEqual(metadata);
  expect(shard.vocabularySize).toBe(1000);
  expect(await shard.read(0, length)).toEqual(tokens);
  for (const [offset, count] of [
    [0, 1],
    [16380, 10],
    [length - 1, 1],
    [length, 0],
    [3, 33000],
  ])
    if (offset! >= 0 && offset! + count! <= length)
      expect(await shard.read(offset!, count!)).toEqual(tokens.slice(offset, offset! + count!));
  expect(Array.from(await shard.documents())).toEqual(documents);
  await expect(shard.read(length, 1)).rejects.toThrow(/outside/);
  await shard.close();
  expect((await readdir(folder)).filter((name) => name.endsWith('tmp'))).toEqual([]);
});

test('batches that changed places are noticed', async () => {
  const path = join(folder, 'swapped.arrow');
  const tokens = Uint16Array.from({ length: 3 * 16384 }, (_, i) => i >> 14);
  await writeTokenShard(path, { tokens, documents: [0], vocabularySize: 3, metadata: {} });
  const file = readFileSync(path);
  const marks = [1, 2].map((id) =>
    file.indexOf(Buffer.from(Uint16Array.from({ length: 64 }, () => id).buffer)),
  );
  const [one, two] = marks.map((at) => Buffer.from(file.subarray(at, at + 32768)));
  two!.copy(file, marks[0]);
  one!.copy(file, marks[1]);
  writeFileSync(path, file);
  const shard = await openTokenShard(path);
  await expect(shard.read(16384, 1)).rejects.toThrow(/batch 1 is altered/);
  await shard.close();
});
