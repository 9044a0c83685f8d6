import { fileURLToPath } from 'node:url';
import { counterRandom } from '@octavo/formats';
import { describe, expect, it } from 'vitest';
import {
  byteTokenizer,
  llamaTokenizer,
  streamDecoder,
  type Tokenizer,
  tokenizerFromFile,
} from '../src/index.ts';
import { randomUnicode } from './random-text.ts';

const bpe = await tokenizerFromFile(fileURLToPath(new URL('./fixtures/bpe.json', import.meta.url)));

describe('streamDecoder', () => {
  const stream = (tokenizer: Tokenizer, prompt: number[], tokens: number[]): string[] => {
    const decoder = streamDecoder(tokenizer, prompt);
    return [...tokens.map((token) => decoder.push(token)), decoder.end()];
  };

  it('holds back half characters', () => {
    const bytes = Array.from(byteTokenizer().encode('é😀!'));
    expect(stream(byteTokenizer(), [], bytes)).toEqual(['', 'é', '', '', '', '😀', '!', '']);
    expect(stream(byteTokenizer(), [], [0x41, 0xe2, 0x82])).toEqual(['A', '', '', '\uFFFD']);
  });

  it('keeps the space of a word that follows a prompt', async () => {
    expect(stream(await llamaTokenizer(), [1, 15043], [3186, 2]).join('')).toBe(' world');
    expect(stream(await llamaTokenizer(), [], [15043, 3186]).join('')).toBe('Hello world');
  });

  it('its pieces are the whole text, garbage included', async () => {
    for (const tokenizer of [byteTokenizer(), bpe, await llamaTokenizer()]) {
      const text = randomUnicode(300, 7);
      expect(stream(tokenizer, [], Array.from(tokenizer.encode(text))).join('')).toBe(text);
      const garbage = Array.from({ length: 300 }, (_, i) => counterRandom(5, i) % tokenizer.vocabularySize);
      expect(stream(tokenizer, [], garbage).join('')).toBe(tokenizer.decode(garbage));
    }
  });
});
