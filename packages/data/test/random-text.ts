/** @file Texts to try things on. */
import { counterRandom } from '@octavo/formats';

const WORDS = ['the', 'people', 'of', 'these', 'United', 'States', 'government', 'and', "it's", '1,234', 'x'];

/** Words, spaces, punctuation and line breaks; the same for the same seed. */
export function randomText(words: number, seed: number): string {
  let text = '';
  for (let i = 0; i < words; i++) {
    const r = counterRandom(seed, i) >>> 8;
    text += WORDS[r % WORDS.length] + (r % 13 === 0 ? '.\n' : r % 17 === 0 ? ',  ' : ' ');
  }
  return text;
}

/** Characters from all over Unicode, spaces and ASCII among them. */
export function randomUnicode(length: number, seed: number): string {
  const ranges = [
    [32, 126],
    [32, 32],
    [0xa0, 0x17f],
    [0x370, 0x4ff],
    [0x4e00, 0x9fff],
    [0x1f300, 0x1f5ff],
    [9, 10],
  ] as const;
  let text = '';
  for (let i = 0; i < length; i++) {
    const r = counterRandom(seed, i) >>> 8;
    const [low, high] = ranges[r % ranges.length]!;
    text += String.fromCodePoint(low + ((r >>> 4) % (high - low + 1)));
  }
  return text;
}
