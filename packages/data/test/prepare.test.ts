import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTokenShard } from '@octavo/store';
import { describe, expect, it } from 'vitest';
import {
  byteTokenizer,
  llamaTokenizer,
  openPrepared,
  type PrepareProgress,
  prepare,
  prepareCached,
  preparedTokenizer,
  type TextDocument,
  tokenizerFromFile,
} from '../src/index.ts';
import { cutPoint } from '../src/split-documents.ts';
import { randomText } from './random-text.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const documents: TextDocument[] = Array.from({ length: 20 }, (_, i) => ({
  name: `doc ${i}`,
  text: i === 7 ? '' : randomText(30 + i, i),
}));
const full = documents.filter(({ text }) => text !== '');
const bytesOf = (list: readonly TextDocument[]): number[] =>
  list.flatMap(({ text }) => [...Buffer.from(text), 0]);
const digest = (path: string): string =>
  readdirSync(path)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(path, name)))
          .digest('hex')}`,
    )
    .join('\n');

const surveyOf = (sizes: number[]) => ({
  starts: sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0)),
  stride: 1,
  bytes: sizes.reduce((sum, size) => sum + size, 0),
});

describe('prepare', () => {
  it('packs documents with a separator after each, over several shards', async () => {
    const path = join(folder, 'packed');
    const index = await prepare(documents, byteTokenizer(), path, {
      shardTokens: 1000,
      heldOutFraction: 0,
    });
    const expected = bytesOf(full);
    const data = await openPrepared(path);
    expect(data.heldOut).toBeNull();
    expect(data.train.length).toBe(expected.length);
    expect(Array.from(await data.train.read(0, expected.length))).toEqual(expected);
    expect(Array.from(await data.train.read(990, 1500))).toEqual(expected.slice(990, 2490));
    await expect(data.train.read(expected.length - 1, 2)).rejects.toThrow('[data] tokens: got');
    await data.close();

    const { train } = index.splits;
    expect(train.shards.map(({ tokens }) => tokens)).toEqual([
      ...Array(Math.floor(expected.length / 1000)).fill(1000),
      expected.length % 1000,
    ]);
    expect([train.documents, train.bytes, train.tokens]).toEqual([19, expected.length - 19, expected.length]);
    // The starts of documents, over all shards.
    const starts: number[] = [];
    for (const [i, { file }] of train.shards.entries()) {
      const shard = await openTokenShard(join(path, file));
      for (const start of await shard.documents()) starts.push(i * 1000 + start);
      await shard.close();
    }
    let at = 0;
    expect(starts).toEqual(
      full.map(({ text }) => {
        const start = at;
        at += Buffer.byteLength(text) + 1;
        return start;
      }),
    );
  });

  it('puts Llama’s BOS before and EOS after each document', async () => {
    const path = join(folder, 'llama');
    const llama = await llamaTokenizer();
    await prepare(documents.slice(0, 2), llama, path, { heldOutFraction: 0, shardTokens: 50 });
    const data = await openPrepared(path);
    const expected = documents.slice(0, 2).flatMap(({ text }) => [1, ...llama.encode(text), 2]);
    expect(Array.from(await data.train.read(0, data.train.length))).toEqual(expected);
    await data.close();
    const starts: number[] = [];
    for (const [i, { file }] of data.index.splits.train.shards.entries()) {
      const shard = await openTokenShard(join(path, file));
      for (const start of await shard.documents()) starts.push(i * 50 + start);
      await shard.close();
    }
    expect(starts).toEqual([0, 2 + llama.encode(documents[0]!.text).length]);
  });

  it('gives the same bytes for the same input', async () => {
    const [a, b] = [join(folder, 'same-a'), join(folder, 'same-b')];
    for (const path of [a, b]) await prepare(documents, byteTokenizer(), path, { shardTokens: 3000 });
    expect(digest(a)).toBe(digest(b));
    expect(readdirSync(a)).toContain('validation-00000.arrow');
  });

  it('takes two inputs, and says how far it is', async () => {
    const progress: PrepareProgress[] = [];
    const index = await prepare(
      { train: documents.slice(0, 15), heldOut: documents.slice(15) },
      byteTokenizer(),
      join(folder, 'two'),
      { onProgress: (p) => progress.push(p) },
    );
    expect(index.splits.train.documents).toBe(14);
    expect(index.splits.validation?.documents).toBe(5);
    expect(progress.map(({ phase }) => phase)).toEqual([
      ...Array(19).fill('read'),
      ...Array(19).fill('write'),
    ]);
    expect(progress[18]!.phase === 'read' && progress[18]!.bytes).toBe(
      index.splits.train.bytes + index.splits.validation!.bytes,
    );
    const written = progress.flatMap((p) => (p.phase === 'write' ? [p] : []));
    const last = written.at(-1)!;
    expect([last.split, last.documents, last.bytes]).toEqual(['validation', 5, last.totalBytes]);
    expect(written.every((p, i) => i === 0 || p.bytes > written[i - 1]!.bytes)).toBe(true);
  });

  it('holds out the end: at a document where one starts nearby, else inside', async () => {
    const path = join(folder, 'held');
    await prepare(documents, byteTokenizer(), path, { heldOutFraction: 0.2 });
    const data = await openPrepared(path);
    const { train, validation } = data.index.splits;
    expect(validation!.bytes / (train.bytes + validation!.bytes)).toBeCloseTo(0.2, 1);
    const both = [
      ...(await data.train.read(0, train.tokens)),
      ...(await data.heldOut!.read(0, validation!.tokens)),
    ];
    expect(both).toEqual(bytesOf(full));
    await data.close();

    const single = join(folder, 'single');
    const text = `${'word '.repeat(999)}😀`;
    await prepare([{ name: 'one', text }], byteTokenizer(), single, { heldOutFraction: 0.1 });
    const one = await openPrepared(single);
    const [left, right] = [one.train, one.heldOut!];
    const bytes = [...(await left.read(0, left.length - 1)), ...(await right.read(0, right.length - 1))];
    expect(Buffer.from(bytes).toString()).toBe(text);
    expect(right.length).toBeGreaterThan(490);
    expect(right.length).toBeLessThan(510);
    expect((await right.read(0, 1))[0]).toBe(32);
    await one.close();
  });

  it('chooses the cut by bytes', () => {
    expect(cutPoint(surveyOf([10, 10, 10, 10]), 0.25)).toEqual({ document: 3, share: 0 });
    expect(cutPoint(surveyOf([10, 10, 10, 10]), 0.3)).toEqual({ document: 3, share: 0 });
    expect(cutPoint(surveyOf([100]), 0.1)).toEqual({ document: 0, share: 0.9 });
    expect(cutPoint(surveyOf([5, 95]), 0.1).document).toBe(1);
    expect(cutPoint(surveyOf([5, 95]), 0.1).share).toBeCloseTo(85 / 95, 12);
    expect(cutPoint(surveyOf([95, 5]), 0.06)).toEqual({ document: 1, share: 0 });
  });

  it('keeps the tokenizer with the data', async () => {
    const path = join(folder, 'file');
    const tokenizer = await tokenizerFromFile(fileURLToPath(new URL('./fixtures/bpe.json', import.meta.url)));
    const index = await prepare(documents, tokenizer, path);
    const found = await preparedTokenizer(path, index);
    expect(found.encode('the people')).toEqual(tokenizer.encode('the people'));
    writeFileSync(join(path, 'tokenizer.json'), `${tokenizer.files!.tokenizer} `);
    await expect(preparedTokenizer(path, index)).rejects.toThrow('is another than the data was made with');
    const bytes = await prepare(documents, byteTokenizer(), join(folder, 'bytes'));
    expect((await preparedTokenizer(join(folder, 'bytes'), bytes)).name).toBe('byte');
  });

  it('leaves nothing behind when it fails, and touches nothing that it did not make', async () => {
    const home = join(folder, 'careful');
    mkdirSync(home);
    const path = join(home, 'out');
    const bad = [...documents, { name: 'binary', text: 'a\0b' }];
    await expect(prepare(bad, byteTokenizer(), path)).rejects.toThrow(
      '[data] binary: text for the byte tokenizer: got U+0000 at character 1',
    );
    expect(readdirSync(home)).toEqual([]);

    mkdirSync(path);
    await prepare(documents, byteTokenizer(), path);
    const before = digest(path);
    await expect(prepare(documents, byteTokenizer(), path)).rejects.toThrow('holds prepared data already');
    await expect(prepare(bad, byteTokenizer(), path, { overwrite: true })).rejects.toThrow('U+0000');
    expect(digest(path)).toBe(before);
    await prepare(documents.slice(3), byteTokenizer(), path, { overwrite: true });
    expect(digest(path)).not.toBe(before);
    expect(readdirSync(home)).toEqual(['out']);

    mkdirSync(join(home, 'photos'));
    writeFileSync(join(home, 'photos/me.png'), 'x');
    await expect(
      prepare(documents, byteTokenizer(), join(home, 'photos'), { overwrite: true }),
    ).rejects.toThrow('photos holds other files');
    await expect(prepare(documents, byteTokenizer(), join(home, 'photos/me.png'))).rejects.toThrow(
      'me.png cannot be written: got ENOTDIR, expected a folder',
    );
  });

  it('removes what a killed process left', async () => {
    const home = join(folder, 'killed');
    mkdirSync(join(home, '.out.4194304.0123456789ab.octavo-part'), { recursive: true });
    mkdirSync(join(home, `.out.${process.pid}.0123456789ab.octavo-part`));
    await prepare(documents, byteTokenizer(), join(home, 'out'));
    expect(readdirSync(home).sort()).toEqual([`.out.${process.pid}.0123456789ab.octavo-part`, 'out']);
  });

  it('brings back what a killed process had set aside, unless something new stands there', async () => {
    const home = join(folder, 'aside');
    await prepare(documents, byteTokenizer(), join(home, 'out'));
    const before = digest(join(home, 'out'));
    const aside = join(home, '.out.4194304.0123456789ab.old.octavo-part');
    renameSync(join(home, 'out'), aside);
    await expect(prepare(documents, byteTokenizer(), join(home, 'out'))).rejects.toThrow(
      'holds prepared data already',
    );
    expect(digest(join(home, 'out'))).toBe(before);
    mkdirSync(aside);
    await prepare(documents, byteTokenizer(), join(home, 'out'), { overwrite: true });
    expect(readdirSync(home)).toEqual(['out']);
  });

  it('ends at once when it is interrupted, and leaves nothing', async () => {
    const home = join(folder, 'interrupted');
    mkdirSync(home);
    const tokenizer = await llamaTokenizer();
    for (const milliseconds of [1, 100, 400]) {
      const text = Array.from({ length: 200_000 }, (_, i) => `w${(i * i) % 99_991}`).join(' ');
      const controller = new AbortController();
      let aborted = 0;
      setTimeout(() => {
        aborted = performance.now();
        controller.abort();
      }, milliseconds);
      const long = Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, text }));
      await expect(
        prepare(long, tokenizer, join(home, 'out'), { signal: controller.signal }),
      ).rejects.toThrow('[data] interrupted');
      expect(performance.now() - aborted).toBeLessThan(5000);
      expect(readdirSync(home)).toEqual([]);
    }
  });

  it('puts one token between documents where begin and end are the same', async () => {
    const path = join(folder, 'separators');
    const tokenizer = { ...byteTokenizer(), bos: 0, eos: 0 };
    const texts = ['one', 'two', 'three'].map((text) => ({ name: text, text }));
    const index = await prepare(texts, tokenizer, path, { heldOutFraction: 0 });
    expect(index.splits.train).toMatchObject({ tokens: 14, documents: 3 });
    const { train, close } = await openPrepared(path);
    expect(Buffer.from(await train.read(0, 14)).toString()).toBe('one\0two\0three\0');
    await close();
  });

  it.each([
    [[], {}, 'corpus is empty: got no text'],
    [[{ name: 'a', text: '' }], {}, 'corpus is empty: got no text'],
    [[{ name: 'a', text: 'x' }], { heldOutFraction: 0.5 }, 'corpus is too small: got no text for train'],
    [documents, { heldOutFraction: 1 }, 'held-out fraction: got 1'],
    [documents, { shardTokens: 0 }, 'tokens a shard: got 0'],
  ])('refuses what cannot be prepared (%#)', async (input, options, message) => {
    await expect(prepare(input, byteTokenizer(), join(folder, 'refused'), options)).rejects.toThrow(message);
  });

  it('notices documents that can be walked only once', async () => {
    async function* once() {
      yield* documents;
    }
    await expect(
      prepare(once(), byteTokenizer(), join(folder, 'once'), { heldOutFraction: 0 }),
    ).rejects.toThrow(/corpus is too small|documents changed/);
  });
});

describe('openPrepared', () => {
  it('refuses an index that it cannot trust', async () => {
    const path = join(folder, 'hostile');
    await prepare(documents, byteTokenizer(), path, { heldOutFraction: 0 });
    const index = readFileSync(join(path, 'index.json'), 'utf8');
    const broken = async (change: (text: string) => string) => {
      writeFileSync(join(path, 'index.json'), change(index));
      return openPrepared(path);
    };
    await expect(broken((t) => t.replace('train-00000.arrow', '../../secret.arrow'))).rejects.toThrow(
      'index.json is wrong at "splits.train.shards.0.file"',
    );
    await expect(broken((t) => t.slice(0, -5))).rejects.toThrow('index.json is not JSON');
    await expect(broken((t) => t.replace('octavo-data/1', 'octavo-data/9'))).rejects.toThrow('"layout"');
    await expect(broken((t) => t.replaceAll(/"tokens": \d+/g, '"tokens": 7'))).rejects.toThrow(
      'does not fit its index: got',
    );
    await expect(openPrepared(folder)).rejects.toThrow('without a readable index.json');
  });
});

describe('prepareCached', () => {
  it('prepares once for each text, tokenizer and option', async () => {
    const cache = join(folder, 'cache');
    const make = async (list: TextDocument[], options = {}) => {
      const { cached, folder: at, close } = await prepareCached(list, byteTokenizer(), cache, options);
      await close();
      return [cached, at] as const;
    };
    const [first, at] = await make(documents);
    expect([first, await make(documents)]).toEqual([false, [true, at]]);
    // Names and empty documents are not content.
    expect((await make(full.map(({ text }) => ({ name: 'n', text }))))[0]).toBe(true);
    expect((await make(documents.slice(1)))[0]).toBe(false);
    expect((await make(documents, { shardTokens: 500 }))[0]).toBe(false);
    // Damage is mended.
    const good = digest(at);
    writeFileSync(join(at, 'train-00000.arrow'), 'x');
    expect(await make(documents)).toEqual([false, at]);
    expect(digest(at)).toBe(good);
  });
});
