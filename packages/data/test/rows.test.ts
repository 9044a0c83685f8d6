/** @file Parquet and Arrow files of other writers, and packed text, are read whatever their codec, and refused in one line where they are damaged. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { OctavoError } from '@octavo/formats';
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
const parquet = ['none', 'snappy', 'gzip', 'brotli', 'lz4', 'zstd', 'v2-delta', 'pages', 'large', 'polars'];
const arrow = ['plain', 'lz4', 'zstd'].flatMap((name) => [name, `${name}-stream`]);
const whole = [
  ...parquet.map((name) => `${name}.parquet`),
  ...[...arrow, 'polars', 'dictionary', 'large'].map((name) => `${name}.arrow`),
  'pandas.feather',
];

describe('rows', () => {
  test.each(whole)('of %s are read as documents, and counted', async (name) => {
    const path = join(rows, name);
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

  it.each([
    ['endless.parquet', 'a Parquet'],
    ['endless.arrow', 'an Arrow'],
    ['columnless.arrow', 'an Arrow'], // two million rows without a column in 1688 bytes
  ])(
    'of %s, whose damage would keep a reader busy for ever, or for nothing, are refused',
    async (name, kind) => {
      const path = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
      await expect(all(readRows(path))).rejects.toThrow(`${name} is not ${kind} file that can be read`);
    },
  );

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
    ['lz4.arrow', 'story', 'has no column "story": got id, text: name another field (--text-field)'],
    ['plain-stream.arrow', 'id', 'row 1 has no text: got bigint field "id"'],
  ])('%s with field %s is refused', async (name, field, message) => {
    await expect(all(readDocuments(join(rows, name), { field }))).rejects.toThrow(message);
  });
});

describe('packed text', () => {
  const lines = texts.map((text) => JSON.stringify({ text })).join('\n');
  const write = (name: string, content: Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const read = async (path: string): Promise<string[]> =>
    (await all(readDocuments(path))).map(({ text }) => text);
  /** `lines` by `zstd -19`, and a text. */
  const zstd = readFileSync(join(rows, 'lines.jsonl.zst'));

  it('is unpacked by how it begins, and read by the name inside', async () => {
    expect(await read(write('a.jsonl.gz', gzipSync(lines)))).toEqual(texts);
    expect(await read(write('b.jsonl.zst', zstd))).toEqual(texts);
    expect(await read(write('c.json.gz', gzipSync(JSON.stringify(texts))))).toEqual(texts);
    expect(await read(write('d.txt.gz', gzipSync('one\r\ntwo')))).toEqual(['one\ntwo']);
    expect(await read(write('e.jsonl.gz', Buffer.concat([gzipSync(`${lines}\n`), gzipSync(lines)])))).toEqual(
      [...texts, ...texts],
    );
  });

  it.each([
    [
      'cut.jsonl.gz',
      gzipSync(lines).subarray(0, -20),
      'cut.jsonl.gz is damaged or cut off: got unexpected end of file',
    ],
    ['cut.jsonl.zst', zstd.subarray(0, -20), 'cut.jsonl.zst is damaged or cut off'],
    ['bad.jsonl.zst', Buffer.from(zstd).fill(7, 40, 60), 'bad.jsonl.zst is damaged or cut off'],
    ['a.txt.gz', gzipSync(gzipSync(lines)), 'what is packed in'],
    [
      'rows.parquet.gz',
      gzipSync(readFileSync(join(rows, 'none.parquet'))),
      'is Parquet: expected text or JSONL: unpack',
    ],
    ['bytes.txt.gz', gzipSync(Buffer.from([0x61, 0xff, 0xfe])), 'is not UTF-8'],
    [
      'bomb.txt.gz',
      gzipSync(Buffer.alloc(2 ** 28 + 1, 97), { level: 1 }),
      'of more than 268435456 bytes unpacked',
    ],
    ['bomb.jsonl.gz', gzipSync(Buffer.alloc(2 ** 28 + 1, 97), { level: 1 }), 'is too long for one document'],
  ])('%s is refused in one line', async (name, content, message) => {
    const found = await read(write(name, content)).then(String, (error) => error);
    expect(OctavoError.is(found) && found.exitCode).toBe(2);
    expect((found as Error).message).toContain(message);
    expect((found as Error).message).not.toContain('\n');
  });
});
