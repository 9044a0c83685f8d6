/** @file Parquet files of other writers are read whatever their codec, and refused in one line where they are damaged. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { counterRandom, OctavoError } from '@octavo/formats';
import { describe, expect, it, test } from 'vitest';
import { readDocuments, readRows } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
/** `rows.py` makes them. */
const rows = fileURLToPath(new URL('./fixtures/rows', import.meta.url));
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const texts = Array.from(
  { length: 40 },
  (_, i) => `Story ${i}: “${'so it goes on, '.repeat(i % 5)}and ends.”`,
);
const whole = ['none', 'snappy', 'gzip', 'brotli', 'lz4', 'zstd', 'v2-delta', 'pages', 'large', 'polars'];

describe('a Parquet file', () => {
  test.each(whole)('of %s is read as documents, and its rows are counted', async (name) => {
    const path = join(rows, `${name}.parquet`);
    const documents = await all(readDocuments(path));
    expect(documents.map(({ text }) => text)).toEqual(texts);
    expect(documents[16]!.name).toBe(`${path}, row 17`);
  });

  it('in a folder is found by its name, and elsewhere by how it begins', async () => {
    const copy = join(folder, 'stories');
    writeFileSync(copy, readFileSync(join(rows, 'zstd.parquet')));
    expect(await all(readDocuments(copy))).toHaveLength(40);
    writeFileSync(join(folder, 'tree.parquet'), readFileSync(copy));
    expect(await all(readDocuments(folder))).toHaveLength(40);
  });

  it('has rows with lists, structures and truth values', async () => {
    const [first, second] = await all(readRows(join(rows, 'tasks.parquet')));
    expect(first!.value).toEqual({
      ...{ endings: ['a', 'b'], label: '1', answer: true },
      choices: { text: ['x', 'y'], label: ['A', 'B'] },
    });
    expect((second!.value as { answer: boolean }).answer).toBe(false);
  });

  test.each([
    ['null.parquet', 'text', 'row 2 has no text: got'],
    ['binary.parquet', 'text', 'is not a Parquet file that can be read'],
    ['snappy.parquet', 'story', 'has no column "story": got id, text: name another field (--text-field)'],
    ['snappy.parquet', 'id', 'row 1 has no text: got bigint field "id"'],
  ])('%s with field %s is refused', async (name, field, message) => {
    await expect(all(readDocuments(join(rows, name), { field }))).rejects.toThrow(message);
  });
});

test('altered at random it is read, or refused in one line, soon', {
  tags: 'slow',
  timeout: 3_600_000,
}, async () => {
  const times = Number(process.env.OCTAVO_MUTATIONS ?? 2000);
  const files = readdirSync(rows).map((name) => readFileSync(join(rows, name)));
  let read = 0;
  let longest = 0;
  for (let seed = 0; seed < times; seed++) {
    let i = 0;
    const draw = (bound: number): number => (counterRandom(seed, i++) >>> 8) % bound;
    const bytes = Buffer.from(files[draw(files.length)]!);
    // Most of what can go wrong is in the footer and in the pages' headers.
    const from = draw(2) === 0 ? Math.max(0, bytes.length - 400) : 0;
    for (let change = draw(3); change >= 0; change--) {
      const at = from + draw(bytes.length - from);
      bytes[at] = draw(2) === 0 ? bytes[at]! ^ (1 << draw(8)) : draw(256);
    }
    const path = join(folder, 'altered.parquet');
    writeFileSync(path, draw(10) === 0 ? bytes.subarray(0, draw(bytes.length)) : bytes);
    const began = performance.now();
    try {
      for await (const { where } of readRows(path)) expect(where).toContain('altered');
      read++;
    } catch (error) {
      if (!OctavoError.is(error)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      expect([error.exitCode, error.message.includes('\n')]).toEqual([2, false]);
    }
    longest = Math.max(longest, performance.now() - began);
  }
  expect(read).toBeGreaterThan(times / 50);
  expect(read).toBeLessThan(times);
  expect(longest).toBeLessThan(10_000);
});
