import library from 'llama-tokenizer-js';
import { describe, expect, it } from 'vitest';
import { defaultCorpus, llamaTokenizer } from '../src/index.ts';
import { randomText, randomUnicode } from './random-text.ts';

const tokenizer = await llamaTokenizer();

describe('llamaTokenizer', () => {
  it('is Llama2’s', () => {
    expect([tokenizer.vocabularySize, tokenizer.bos, tokenizer.eos]).toEqual([32000, 1, 2]);
    expect(tokenizer.encode('Hello world')).toEqual([15043, 3186]);
    expect(tokenizer.encode('grabbed')).toEqual([2646, 1327, 287]);
    expect(tokenizer.encode(' grabbed')).toEqual([29871, 2646, 1327, 287]);
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.encode('\n')).toEqual([29871, 13]);
    // Outside the vocabulary: bytes, ids 3 + byte.
    expect(tokenizer.encode('😀')).toEqual([29871, 3 + 0xf0, 3 + 0x9f, 3 + 0x98, 3 + 0x80]);
  });

  it.each([
    ['words', randomText(3000, 1)],
    ['spaces and line breaks', '  a   b\n\n  c    \n d     '],
    ['all over Unicode', randomUnicode(800, 2)],
    ['special tokens spelt out', '<s> </s> <unk> <0x0A>'],
  ])('word by word it gives what the library gives for the whole text: %s', (_, text) => {
    // The library mistakes the order of merges in texts with many bytes a character: compare between those.
    for (const part of text.split(/(?=\n)/))
      expect(tokenizer.encode(part)).toEqual(library.encode(part, false));
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('gives what the library gives for a whole speech', async () => {
    for await (const { text } of defaultCorpus().heldOut) {
      expect(tokenizer.encode(text)).toEqual(library.encode(text, false));
      break;
    }
  });

  it('decodes: the space put before a text goes, specials give nothing', () => {
    expect(tokenizer.decode([1, 15043, 3186, 2])).toBe('Hello world');
    expect(tokenizer.decode([3 + 0xe2, 3 + 0x82])).toBe('\uFFFD');
    expect(() => tokenizer.decode([32000])).toThrow('[data] token of llama2: got 32000');
  });
});
