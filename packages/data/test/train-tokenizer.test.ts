/** @file A byte-level BPE is trained as Hugging Face's trainer trains it, and gives the ids that its engine gives. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterRandom } from '@octavo/formats';
import { expect, test } from 'vitest';
import { countWords } from '../src/bpe/count-words.ts';
import { trainTokenizer } from '../src/bpe/train.ts';
import { loadTokenizer, tokenizerFromFile, tokenizerRequest } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const named = (texts: readonly string[]) => texts.map((text, i) => ({ name: `${i}`, text }));
const bytesOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
const train = (texts: readonly string[], vocabularySize: number) =>
  trainTokenizer(named(texts), { train: 'bpe', vocabularySize }, { bytes: bytesOf(texts) });

interface Learnt {
  readonly documents: string[];
  readonly size: number;
  readonly merges: string[];
  readonly tokens: string[];
  readonly ids: number[][];
}
/** `bpe-trained.py` makes it. */
const cases = JSON.parse(
  readFileSync(new URL('./fixtures/bpe-trained.json', import.meta.url), 'utf8'),
) as Record<string, Learnt>;

test.each(Object.entries(cases))('%s', async (_, { documents, size, merges, tokens, ids }) => {
  const { tokenizer, config, vocabularySize } = await train(documents, size);
  const { model } = JSON.parse(tokenizer) as { model: { vocab: Record<string, number>; merges: string[] } };
  expect(model.merges).toEqual(merges);
  const byId = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  expect(byId.map(([, id]) => id)).toEqual(byId.map((_, i) => i));
  expect(byId.slice(259).map(([token]) => token)).toEqual(tokens);
  writeFileSync(join(folder, 'tokenizer.json'), tokenizer);
  writeFileSync(join(folder, 'tokenizer_config.json'), config!);
  const read = await tokenizerFromFile(folder);
  expect([read.bos, read.eos, read.vocabularySize]).toEqual([1, 2, vocabularySize]);
  for (const [i, expected] of ids.entries()) {
    expect(Array.from(read.encode(documents[i]!)), JSON.stringify(documents[i])).toEqual(expected);
    if (!documents[i]!.includes('<s>')) expect(read.decode(expected)).toBe(documents[i]);
  }
});

test('a sample is spread evenly, and rare words are forgotten where there are too many', async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `w${String.fromCharCode(97 + (i % 10))} `.repeat(10));
  const bytes = bytesOf(texts);
  const sample = await countWords(named(texts), { bytes, most: bytes / 4 });
  expect(sample.bytes / bytes).toBeCloseTo(0.25, 1);
  expect(
    [...(await countWords(named(texts), { bytes, most: bytes })).words.values()].reduce(
      (sum, { count }) => sum + count,
      0,
    ),
  ).toBe(1100);
  const long = Array.from(
    { length: 90 },
    (_, i) => `${'common '.repeat(20)}${String.fromCharCode(0x4e00 + i).repeat(150_000)}`,
  );
  const { words } = await countWords(named(long), { bytes: 1, most: 1 });
  expect(words.get(' common')!.count).toBe(90 * 18 + 90);
  expect([...words.keys()].join('').length).toBeLessThan(2 ** 23);
});

test('one long word takes the time of its bytes', async () => {
  const began = performance.now();
  const word = Array.from({ length: 300_000 }, (_, i) => 'acgt'[counterRandom(1, i) >>> 30]).join('');
  const { vocabularySize } = await train([word], 2000);
  expect(vocabularySize).toBe(2000);
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('what can be asked for', async () => {
  expect(tokenizerRequest('bpe:8000')).toEqual({ train: 'bpe', vocabularySize: 8000 });
  expect(tokenizerRequest('llama2')).toBeNull();
  expect(tokenizerRequest('bpetokens/tokenizer.json')).toBeNull();
  for (const spec of ['bpe', 'bpe:', 'bpe:511', 'bpe:65537', 'bpe:8k', 'bpe:1e3'])
    expect(() => tokenizerRequest(spec)).toThrow(`got "${spec}", expected bpe:N of 512 to 65536 tokens`);
  await expect(loadTokenizer('bpe:8000')).rejects.toThrow('which octavo data prepare trains');
});
