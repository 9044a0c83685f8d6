/**
 * @file JSONL, JSON arrays, Parquet, Arrow, packed text and tokenizer.json of strangers: altered at random they are read, or one line says why not.
 * `OCTAVO_MUTATIONS=100000` (the package's script `mutations`) for more.
 * @module-tag slow
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { counterRandom, OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { readDocuments, readRows, tokenizerFromFile } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 4000);
const folder = temporaryFolder();
const STRANGE = [
  null,
  -1,
  1e9,
  0.5,
  '',
  '(a+)+$',
  [],
  {},
  true,
  'x'.repeat(300),
  [[1]],
  { type: 'BPE' },
  '\ud800',
];

type Draw = (bound: number) => number;
const drawFrom = (seed: number): Draw => {
  let i = 0;
  return (bound) => (counterRandom(seed, i++) >>> 8) % bound;
};

/** Bytes replaced, cut out, doubled. */
function alteredBytes(text: string, draw: Draw): Buffer {
  const bytes = Buffer.from(text);
  const at = draw(bytes.length);
  const length = 1 + draw(10);
  switch (draw(4)) {
    case 0:
      bytes[at]! ^= 1 << draw(8);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    default:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  }
}

/** One value, anywhere, replaced by a strange one or left out. */
function alteredValue(root: unknown, draw: Draw): string {
  const copy = structuredClone(root) as Record<string, unknown>;
  let at = copy;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return JSON.stringify(copy);
    const key = keys[draw(keys.length)]!;
    const inside = at[key];
    if (typeof inside === 'object' && inside !== null && draw(4) > 0) {
      at = inside as Record<string, unknown>;
      continue;
    }
    if (draw(5) === 0 && !Array.isArray(at)) delete at[key];
    else at[key] = STRANGE[draw(STRANGE.length)];
    return JSON.stringify(copy);
  }
}

/** How many were read; fails for anything but a value or an `OctavoError` in one line. */
async function outcomes(times: number, attempt: (draw: Draw) => Promise<unknown>): Promise<number> {
  let read = 0;
  for (let seed = 0; seed < times; seed++) {
    try {
      await attempt(drawFrom(seed));
      read++;
    } catch (error) {
      if (!OctavoError.is(error)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      expect([error.exitCode, error.message.includes('\n')]).toEqual([2, false]);
    }
  }
  return read;
}

const stories = Array.from({ length: 6 }, (_, i) => ({ text: `Story “${i}”`, by: ['a', i] }));

test.each([
  ['a.jsonl', stories.map((story) => JSON.stringify(story)).join('\n')],
  ['a.json', JSON.stringify(stories)],
])(
  '%s',
  async (name, text) => {
    const read = await outcomes(TIMES, async (draw) => {
      writeFileSync(join(folder, name), alteredBytes(text, draw));
      for await (const document of readDocuments(join(folder, name)))
        expect(typeof document.text).toBe('string');
    });
    expect(read).toBeGreaterThan(TIMES / 50);
    expect(read).toBeLessThan(TIMES);
  },
  3_600_000,
);

const rows = fileURLToPath(new URL('./fixtures/rows', import.meta.url));
const lines = stories.map((story) => JSON.stringify(story)).join('\n');
const packed: (readonly [string, Buffer])[] = [
  ...readdirSync(rows).map((name) => [name, readFileSync(join(rows, name))] as const),
  ['lines.jsonl.gz', gzipSync(lines)],
  ['two.jsonl.gz', Buffer.concat([gzipSync(`${lines}\n`), gzipSync(lines)])],
  ['array.json.gz', gzipSync(JSON.stringify(stories))],
];
test.each([
  ['Parquet', /\.parquet$/],
  ['Arrow', /\.(arrow|feather)$/],
  ['gzip and Zstandard', /\.(gz|zst)$/],
])(
  '%s',
  async (_, kind) => {
    const files = packed.filter(([name]) => kind.test(name));
    let slowest = 0;
    const read = await outcomes(TIMES, async (draw) => {
      const [name, content] = files[draw(files.length)]!;
      const bytes = Buffer.from(content);
      // Most of what can go wrong is in what stands at the end, and in headers of pages and batches.
      const from = draw(2) === 0 ? Math.max(0, bytes.length - 400) : 0;
      for (let change = draw(3); change >= 0; change--) {
        const at = from + draw(bytes.length - from);
        bytes[at] = draw(2) === 0 ? bytes[at]! ^ (1 << draw(8)) : draw(256);
      }
      const path = join(folder, `altered-${name}`);
      writeFileSync(path, draw(10) === 0 ? bytes.subarray(0, draw(bytes.length)) : bytes);
      const began = performance.now();
      try {
        let last = null;
        for await (const row of readRows(path)) last = row;
        if (last) expect(last.where).toContain('altered');
      } finally {
        slowest = Math.max(slowest, performance.now() - began);
      }
    });
    expect(slowest).toBeLessThan(10_000);
    expect(read).toBeGreaterThan(TIMES / 50);
    expect(read).toBeLessThan(TIMES);
    // What the files claim of their sizes is not believed.
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1500);
  },
  7_200_000,
);

test('tokenizer.json', async () => {
  const definition = JSON.parse(
    readFileSync(fileURLToPath(new URL('./fixtures/bpe.json', import.meta.url)), 'utf8'),
  );
  const { vocab, merges, ...model } = definition.model;
  // Most of a tokenizer is its vocabulary; the other parts are where a change tells.
  const small = {
    ...definition,
    model: {
      ...model,
      vocab: Object.fromEntries(Object.entries(vocab).slice(0, 300)),
      merges: merges.slice(0, 40),
    },
  };
  const read = await outcomes(TIMES, async (draw) => {
    const file = join(folder, 'tokenizer.json');
    const text = draw(3) === 0 ? alteredBytes(JSON.stringify(small), draw) : alteredValue(small, draw);
    writeFileSync(file, text);
    const tokenizer = await tokenizerFromFile(file);
    const ids = Array.from(tokenizer.encode('We said, aaaa!'));
    for (const id of ids) expect(id).toBeLessThan(tokenizer.vocabularySize);
    expect(typeof tokenizer.decode(ids)).toBe('string');
  });
  expect(read).toBeGreaterThan(TIMES / 50);
  expect(read).toBeLessThan(TIMES);
}, 3_600_000);
