import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  byteTokenizer,
  checkVocabulary,
  describeText,
  encodePrompt,
  findTokenizer,
  openHeldOut,
  openTrainingText,
  prepare,
  preparedFolderOf,
  readDocuments,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const shape = { batch: 2, sequence: 8, seed: 1, evaluateTokens: 20, vocabularySize: 256 };
const byte = byteTokenizer();

describe('a run’s text', () => {
  let settings: Parameters<typeof openTrainingText>[0];
  beforeAll(async () => {
    process.env.XDG_CACHE_HOME = join(folder, 'cache');
    mkdirSync(join(folder, 'texts'));
    writeFileSync(join(folder, 'texts', 'a.txt'), 'Fourscore and seven years ago. '.repeat(20));
    writeFileSync(join(folder, 'held.txt'), 'Our fathers brought forth. '.repeat(4));
    await prepare(readDocuments(join(folder, 'texts')), byte, join(folder, 'prepared'), {
      heldOutFraction: 0.1,
    });
    settings = { train: [join(folder, 'prepared')], heldOut: null, tokenizer: 'byte', textField: 'text' };
  });

  it('is opened by its settings, and goes on only as what it began as', async () => {
    const text = await openTrainingText(settings, shape);
    const { identity, tokenizer, heldOut, description } = text;
    expect((await text.loader.next()).tokens).toHaveLength(16);
    expect(heldOut).toMatchObject({ tokens: 20, bytesPerToken: expect.closeTo(1, 1) });
    expect(description).toBe('prepared');
    await text.close();
    const again = await openTrainingText(settings, shape, { folder: 'run', identity, tokenizer });
    expect(again.identity).toEqual(identity);
    await again.close();
    const other = { ...identity, text: 'f'.repeat(64) };
    await expect(
      openTrainingText(settings, shape, { folder: 'run', identity: other, tokenizer }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /^\[data\] run began with another text: .* from prepared, expected f{12};/,
      ),
      exitCode: 2,
    });
    await expect(openTrainingText(settings, { ...shape, vocabularySize: 255 })).rejects.toThrow(
      'got 256 tokens, expected at most its vocabularySize, 255',
    );
  });

  it('a prepared folder stands alone', async () => {
    const [prepared, texts] = [join(folder, 'prepared'), join(folder, 'texts')];
    expect(await preparedFolderOf([prepared])).toBe(prepared);
    expect(await preparedFolderOf([texts])).toBeNull();
    await expect(preparedFolderOf([texts, prepared])).rejects.toThrow('among other paths');
  });

  it('any text can be held out, and a prepared one whose tokenizer is the same', async () => {
    const options = { batch: 2, sequence: 8, tokens: 30, field: 'text' };
    const own = await openHeldOut([join(folder, 'prepared')], byte, options);
    expect(own.tokens).toBe(30);
    await expect(
      openHeldOut([join(folder, 'prepared')], { ...byte, hash: 'other' }, options),
    ).rejects.toMatchObject({ message: expect.stringContaining('another tokenizer'), exitCode: 2 });
  });
});

it('a tokenizer is found by its hash, not by its place', async () => {
  const identity = { name: 'once', hash: byte.hash };
  expect(await findTokenizer(identity, [join(folder, 'gone.json'), 'byte'])).toMatchObject(identity);
  await expect(findTokenizer({ ...identity, hash: 'x' }, ['byte', 'gone'])).rejects.toMatchObject({
    message: expect.stringMatching(/got gone, which cannot be read, expected "once" with hash x;/),
    exitCode: 2,
  });
});

it('prompts, names and vocabularies', () => {
  expect(encodePrompt({ ...byte, bos: 1 }, 'ab')).toEqual([1, 97, 98]);
  expect(encodePrompt(byte, '')).toEqual([byte.eos]);
  expect(describeText(null)).toMatch(/^State of the Union/);
  expect(describeText(['a/b.txt', 'c'])).toBe('b.txt, c');
  expect(describeText(['a', 'b', 'c', 'd'])).toBe('4 paths');
  expect(() => checkVocabulary(byte, 256)).not.toThrow();
});
