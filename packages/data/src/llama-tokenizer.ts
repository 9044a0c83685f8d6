/** @file Llama2's own 32,000 tokens, from llama-tokenizer-js, at a speed that a corpus can bear. */
import { createHash } from 'node:crypto';
import { OctavoError } from '@octavo/formats';
import { checkToken, joined, type Tokenizer } from './tokenizer.ts';

const [UNKNOWN, BOS, EOS] = [0, 1, 2];
/** `<0x00>` … `<0xFF>`: characters that are not in the vocabulary are spelt in bytes. */
const FIRST_BYTE = 3;
/** Stands for a space inside the vocabulary. */
const SPACE = '▁';
/** Words worth remembering, and how many. */
const [CACHED_LENGTH, CACHED_WORDS] = [48, 200_000];
/** Ids a piece of a long text has at least. */
const PART = 65_536;

/**
 * The tokenizer of Llama2 (SentencePiece BPE with byte fallback): `bos` 1, `eos` 2, and a space is put before the text.
 * The library merges whole texts, which takes time and memory; no token of this vocabulary has a space after another
 * character, so no merge can reach over the start of a word, and words are encoded one by one, and remembered.
 * U+2581 in a text is read as a space, as SentencePiece does.
 */
export async function llamaTokenizer(): Promise<Tokenizer> {
  const { default: library } = await import('llama-tokenizer-js');
  const vocabulary = library.vocabById;
  if (vocabulary.length !== 32_000 || vocabulary.some((token) => /[^▁]▁/u.test(token)))
    throw new OctavoError(
      '[data] llama-tokenizer-js is not the one this package knows: expected the 32,000 tokens of version 1.2.2: reinstall it',
    );
  const tokenizer = { name: 'llama2', vocabularySize: vocabulary.length, bos: BOS, eos: EOS };
  const hash = createHash('sha256');
  for (const token of vocabulary) hash.update(`${token}\n`);
  for (const pair of library.merges.keys()) hash.update(`${pair}\n`);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const cache = new Map<string, readonly number[]>();

  /** Characters outside the vocabulary merge with nothing: the library sees only the stretches between them. */
  const encodeWord = (word: string): number[] => {
    const ids: number[] = [];
    let run = '';
    const flush = (): void => {
      if (run !== '') for (const id of library.encode(run, false, false)) ids.push(id);
      run = '';
    };
    for (const character of word) {
      if (library.vocabByString.has(character)) {
        run += character;
        continue;
      }
      flush();
      for (const byte of encoder.encode(character)) ids.push(FIRST_BYTE + byte);
    }
    flush();
    return ids;
  };

  function* encodeParts(text: string): Generator<number[]> {
    if (text === '') return;
    let ids: number[] = [];
    const spaced = SPACE + text.replaceAll(' ', SPACE);
    for (const [word] of spaced.matchAll(/▁*[^▁\n]+|▁+|\n+/gu)) {
      let found = cache.get(word);
      if (found === undefined) {
        found = encodeWord(word);
        if (cache.size >= CACHED_WORDS) cache.clear();
        if (word.length <= CACHED_LENGTH) cache.set(word, found);
      }
      for (const id of found) ids.push(id);
      if (ids.length < PART) continue;
      yield ids;
      ids = [];
    }
    yield ids;
  }

  return {
    ...tokenizer,
    hash: hash.digest('hex'),
    encode: (text) => joined(encodeParts(text)),
    encodeParts,
    decode(tokens) {
      const bytes: number[] = [];
      for (const id of tokens) {
        checkToken(tokenizer, id);
        if (id === UNKNOWN || id === BOS || id === EOS) continue;
        if (id < FIRST_BYTE + 256) bytes.push(id - FIRST_BYTE);
        else bytes.push(...encoder.encode(vocabulary[id]));
      }
      const text = decoder.decode(Uint8Array.from(bytes)).replaceAll(SPACE, ' ');
      return text.startsWith(' ') ? text.slice(1) : text;
    },
  };
}
