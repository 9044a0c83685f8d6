/**
 * @file Each format under random damage: what is read is what was written, or one line says why not. 20,000 a format;
 * `OCTAVO_MUTATIONS=100000` (the package's script `mutations`) for more.
 * @module-tag slow
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { largestAllocation, type Mutation, mutate } from '../../../tooling/vitest/mutate.ts';
import {
  openCheckpoint,
  openStatistics,
  openTokenShard,
  readSafetensors,
  readStatistics,
  tensorStatistics,
  writeCheckpoint,
  writeSafetensors,
  writeTokenShard,
} from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 5000);
const SEED = Number(process.env.OCTAVO_MUTATIONS_SEED ?? 8);

const folder = temporaryFolder();
const random = randomFrom(SEED);
const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

interface Kind {
  readonly name: string;
  make(path: string): Promise<void> | void;
  /** All that the file says, in pieces. */
  read(path: string): Promise<readonly string[]>;
  /** Throws where pieces that differ from the whole file's are not right. */
  judge(found: readonly string[], whole: readonly string[], mutation: Mutation, path: string): void;
}

const same: Kind['judge'] = (found, whole) => {
  if (found.join() !== whole.join()) expect(found).toEqual(whole);
};

const statistics: Kind = {
  name: 'statistics',
  make(path) {
    const writer = openStatistics(path, tensorStatistics, { flushMilliseconds: 0, metadata: { run: '{}' } });
    for (let step = 0; step < 4; step++) {
      const row = { step, site: 'down', operand: 'input', amax: random(1000) / 7, non_finite: random(9) };
      writer.append(
        [0, 1, null].map((layer) => ({ ...row, layer, format: layer === null ? null : 'e4m3fn' })),
      );
    }
    writer.close();
  },
  async read(path) {
    return [...(await readStatistics(path))].map((row) => JSON.stringify(row, big));
  },
  /** A torn tail is left out by whole batches; going on leaves every row that is read, and a whole file. */
  judge(found, whole, mutation, path) {
    same(found, whole.slice(0, found.length), mutation, path);
    if (found.length < whole.length) expect([mutation, found.length % 3]).toEqual(['tail', 0]);
  },
};

const checkpoint: Kind = {
  name: 'checkpoint',
  make(path) {
    const record = (name: string, role: string, length: number, scale: number[] = []) =>
      ({ name, role, format: 'e4m3fn', shape: [length], scale, data: noise(length) }) as const;
    const records = [
      record('a', 'weight', 40, [2]),
      record('b', 'weight', 300),
      record('b', 'moment1', 8, [1, 2]),
    ];
    return writeCheckpoint(path, { model: '{"dim":8}', step: '3' }, records, { chunkBytes: 128 });
  },
  async read(path) {
    const opened = await openCheckpoint(path);
    try {
      const parts = [JSON.stringify([opened.metadata, opened.tensors])];
      for await (const { data, scale, ...head } of opened.all())
        parts.push(JSON.stringify(head), data.join(), [...scale].map((value) => `${1 / value}`).join());
      return parts;
    } finally {
      await opened.close();
    }
  },
  judge: same,
};

const shard: Kind = {
  name: 'token shard',
  make(path) {
    const tokens = Uint16Array.from({ length: 500 }, () => random(300));
    return writeTokenShard(path, {
      tokens,
      documents: [0, 40, 499],
      vocabularySize: 300,
      metadata: { a: 'b' },
    });
  },
  async read(path) {
    const opened = await openTokenShard(path);
    try {
      const { length, vocabularySize, metadata } = opened;
      const values = [await opened.read(0, length), await opened.documents()];
      return [JSON.stringify([length, vocabularySize, metadata]), ...values.map((one) => one.join())];
    } finally {
      await opened.close();
    }
  },
  judge: same,
};

const safetensors: Kind = {
  name: 'safetensors',
  make: (path) =>
    writeSafetensors(
      path,
      [
        {
          name: 'model.weight',
          dtype: 'F32',
          shape: [3, 5],
          data: Float32Array.from({ length: 15 }, random),
        },
        { name: 'half', dtype: 'BF16', shape: [2, 4], data: noise(16) },
        { name: 'packed', dtype: 'F4', shape: [2, 8], data: noise(8) },
        { name: 'none', dtype: 'I64', shape: [0], data: new BigInt64Array(0) },
      ],
      { format: 'pt' },
    ),
  async read(path) {
    const { tensors, refused } = await readSafetensors(path);
    return [
      ...tensors.map(({ data }) => data.join()),
      ...refused.map(({ byteLength }) => 'x,'.repeat(byteLength)),
    ];
  },
  /** The format has no checksums: other values are read, but as many bytes as the file has, each once. */
  judge(found, _whole, _mutation, path) {
    const file = readFileSync(path);
    const bytes = file.length - 8 - Number(file.readBigUInt64LE(0));
    expect(found.join('').length > 0 ? found.reduce((sum, text) => sum + bytesIn(text), 0) : 0).toBe(bytes);
  },
};

const big = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
const bytesIn = (text: string): number => text.split(',').filter((piece) => piece !== '').length;

test.each([statistics, checkpoint, shard, safetensors])(
  '$name',
  async ({ name, make, read, judge }) => {
    const path = join(folder, `${name}.bin`);
    await make(path);
    const file = readFileSync(path);
    const whole = await read(path);
    const damaged = join(folder, `${name}-damaged.bin`);
    let refused = 0;
    let slowest = 0;
    const largest = await largestAllocation(async () => {
      for (let time = 0; time < TIMES; time++) {
        const { bytes, kind } = mutate(file, random);
        rmSync(damaged, { force: true }); // some file systems flush a file that is written over
        writeFileSync(damaged, bytes);
        const began = performance.now();
        let found: readonly string[] | null = null;
        try {
          found = await read(damaged);
        } catch (error) {
          if (!OctavoError.is(error) || error.exitCode !== 2 || !/^\[store\] [^\n]{10,}$/.test(error.message))
            throw error;
          refused += 1;
        }
        slowest = Math.max(slowest, performance.now() - began);
        if (found !== null) judge(found, whole, kind, damaged);
        if (name === 'statistics' && time % 16 === 0)
          await goOn(damaged, bytes, found, 16 + file.readInt32LE(12));
      }
    });
    expect(refused).toBeGreaterThan(TIMES / 4);
    expect(largest).toBeLessThan(4 * file.length + 2 ** 20);
    expect(slowest).toBeLessThan(5000);
  },
  TIMES * 60,
);

/** What was read stays, in a file that is whole; what was refused is refused again and stays as it is. */
async function goOn(
  path: string,
  bytes: Buffer,
  found: readonly string[] | null,
  schemaEnd: number,
): Promise<void> {
  const resume = () => openStatistics(path, tensorStatistics, { resumeAtStep: 99 }).close();
  if (found !== null) {
    resume();
    expect(await statistics.read(path)).toEqual(found);
    return;
  }
  try {
    resume();
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    expect(readFileSync(path).equals(bytes)).toBe(true);
    return;
  }
  // Only of a file that ends within its schema nothing is left.
  expect(bytes.length).toBeLessThan(schemaEnd);
  expect(await statistics.read(path)).toEqual([]);
}
