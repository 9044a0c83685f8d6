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
    if (offset >= 0 && offset + count <= length)
      expect(await shard.read(offset, count)).toEqual(tokens.slice(offset, offset + count));
  expect(Array.from(await shard.documents())).toEqual(documents);
  await expect(shard.read(length, 1)).rejects.toThrow(/outside/);
  await shard.close();
  expect((await readdir(folder)).filter((name) => name.endsWith('tmp'))).toEqual([]);
});
