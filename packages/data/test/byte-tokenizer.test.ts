import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../src/index.ts';
import { randomUnicode } from './random-text.ts';

describe('byteTokenizer', () => {
  const tokenizer = byteTokenizer();

  it('gives the bytes of UTF-8', () => {
    expect(Array.from(tokenizer.encode('Aé€😀'))).toEqual([
      0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80,
    ]);
    expect([tokenizer.vocabularySize, tokenizer.bos, tokenizer.eos]).toEqual([256, null, 0]);
  });

  it('decodes what it encoded', () => {
    for (const text of ['', '\uFEFFmark', 'a\nb\tc', randomUnicode(5000, 1)])
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('decodes any bytes, separators giving nothing', () => {
    expect(tokenizer.decode([72, 105, 0, 33])).toBe('Hi!');
    expect(tokenizer.decode([0xff, 0x41, 0xe2, 0x82])).toBe('\uFFFDA\uFFFD');
    expect(() => tokenizer.decode(Array.from({ length: 256 }, (_, i) => i))).not.toThrow();
  });

  it('refuses NUL and ids that are not bytes', () => {
    expect(() => tokenizer.encode('a\0b')).toThrow(
      '[data] text for the byte tokenizer: got U+0000 at character 1',
    );
    expect(() => tokenizer.decode([256])).toThrow(
      '[data] token of byte: got 256, expected an integer from 0 to 255',
    );
  });
});
