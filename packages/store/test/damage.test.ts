import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { openCheckpoint, openTokenShard, writeCheckpoint, writeTokenShard } from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const random = randomFrom(20);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

/** Everything a checkpoint says, as one string. */
async function checkpointContent(path: string): Promise<string> {
  const opened = await openCheckpoint(path);
  try {
    const parts: unknown[] = [opened.metadata, opened.tensors];
    for await (const { data, scale, ...head } of opened.all())
      parts.push(
        head,
        [...data].join(),
        [...scale].map((value) => `${value}${Object.is(value, -0)}`),
      );
    return JSON.stringify(parts);
  } finally {
    await opened.close();
  }
}

async function shardContent(path: string): Promise<string> {
  const shard = await openTokenShard(path);
  try {
    return JSON.stringify([
      shard.length,
      shard.vocabularySize,
      shard.metadata,
      [...(await shard.read(0, shard.length))],
      [...(await shard.documents())],
    ]);
  } finally {
    await shard.close();
  }
}

async function makeCheckpoint(path: string): Promise<void> {
  const record = (name: string, role: string, length: number, scale: number[] = []) =>
    ({ name, role, format: 'e4m3fn', shape: [length], scale, data: bytes(length) }) as const;
  await writeCheckpoint(
    path,
    { model: '{"dim":8}', step: '3' },
    [record('a', 'weight', 40, [2]), record('b', 'weight', 300), record('b', 'moment1', 8, [1, 2, 3])],
    { chunkBytes: 128 },
  );
}

async function makeShard(path: string): Promise<void> {
  const tokens = Uint16Array.from({ length: 17000 }, () => random(300));
  await writeTokenShard(path, {
    tokens,
    documents: [0, 40, 16999],
    vocabularySize: 300,
    metadata: { a: 'b' },
  });
}

const kinds = [
  ['checkpoint', makeCheckpoint, checkpointContent],
  ['token shard', makeShard, shardContent],
] as const;

/** Tries damaged bytes: either the content is the same to the last bit, or one `OctavoError` of one line says why. */
async function judge(
  damaged: Uint8Array,
  content: (path: string) => Promise<string>,
  whole: string,
): Promise<'same' | 'refused'> {
  const path = join(folder, 'damaged.arrow');
  writeFileSync(path, damaged);
  try {
    expect(await content(path)).toBe(whole);
    return 'same';
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    expect(error.message).toMatch(/^\[store\] [^\n]{10,}$/);
    return 'refused';
  }
}

test.each(kinds)('%s: a flipped bit anywhere is refused or changes nothing', async (_, make, content) => {
  const path = join(folder, 'whole.arrow');
  await make(path);
  const file = readFileSync(path);
  const whole = await content(path);
  let refused = 0;
  const header = Math.min(file.length, 7000);
  for (let trial = 0; trial < 450; trial++) {
    // Half of them among headers and footer, where bytes mean most.
    const place = random(4);
    const at =
      place === 0
        ? random(header)
        : place === 1
          ? file.length - 1 - random(Math.min(file.length, 3000))
          : random(file.length);
    const damaged = Uint8Array.from(file);
    damaged[at] ^= 1 << random(8);
    if ((await judge(damaged, content, whole)) === 'refused') refused += 1;
  }
  expect(refused).toBeGreaterThan(130);
});

test.each(kinds)(
  '%s: every byte of its first message and footer, set to extremes',
  async (_, make, content) => {
    const path = join(folder, 'whole.arrow');
    await make(path);
    const file = readFileSync(path);
    const whole = await content(path);
    for (let trial = 0; trial < 300; trial++) {
      const damaged = Uint8Array.from(file);
      const at = random(2) === 0 ? random(4000) : file.length - 4 - random(Math.min(file.length - 4, 3000));
      const value = [0xffffffff, 0x7fffffff, 0, 0x80000000, 1, random(2 ** 32)][random(6)];
      new DataView(damaged.buffer).setUint32(Math.min(at, file.length - 4), value, true);
      await judge(damaged, content, whole);
    }
  },
);

test.each(kinds)('%s: cut off anywhere, it is refused', async (_, make, content) => {
  const path = join(folder, 'whole.arrow');
  await make(path);
  const file = readFileSync(path);
  const whole = await content(path);
  for (let trial = 0; trial < 250; trial++) {
    const length = trial < 40 ? trial : trial < 60 ? file.length - 1 - (trial - 40) : random(file.length);
    expect(await judge(file.subarray(0, length), content, whole)).toBe('refused');
  }
  expect(await judge(Buffer.concat([file, Buffer.alloc(8)]), content, whole)).toBe('refused');
  expect(await judge(Buffer.concat([file, file]), content, whole)).toBe('refused');
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
  two.copy(file, marks[0]);
  one.copy(file, marks[1]);
  writeFileSync(path, file);
  const shard = await openTokenShard(path);
  await expect(shard.read(16384, 1)).rejects.toThrow(/batch 1 is altered/);
  await shard.close();
});
