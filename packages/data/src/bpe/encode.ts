/** @file Byte-level BPE as Hugging Face's engine encodes it, word by word with a memory of words. */
import TinyQueue from 'tinyqueue';
import { z } from 'zod';
import { letters } from './letters.ts';
import { copyOf, WORD } from './words.ts';

/** Words worth remembering, and how many. */
const [CACHED_LENGTH, CACHED_WORDS] = [48, 200_000];

/** Special tokens that one pattern looks for at most. */
const MOST_ADDED = 4096;

const no = z.union([z.literal(false), z.null()]).optional();
const none = z.union([z.literal(''), z.null()]).optional();
/** The tokenizers that this file is for: GPT-2's words, and nothing about them that is special. */
const plainSchema = z.looseObject({
  normalizer: z.null().optional(),
  pre_tokenizer: z.looseObject({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.literal(false),
    use_regex: z.literal(true).optional(),
  }),
  model: z.looseObject({
    type: z.literal('BPE').optional(),
    dropout: z.union([z.literal(0), z.null()]).optional(),
    ...{ continuing_subword_prefix: none, end_of_word_suffix: none, byte_fallback: no, ignore_merges: no },
    vocab: z.record(z.string(), z.number()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
  added_tokens: z
    .array(
      z.looseObject({ id: z.number(), content: z.string().min(1), single_word: no, lstrip: no, rstrip: no }),
    )
    .max(MOST_ADDED)
    .nullish(),
});

/** Two neighbours in a word that are a token together. */
interface Pair {
  readonly rank: number;
  readonly at: number;
  readonly left: number;
  readonly right: number;
  readonly token: number;
}

/** The ids of a text without special tokens around it; null where the definition asks for more than is done here. */
export function byteLevelEncoder(definition: unknown): ((text: string) => number[]) | null {
  const { data } = plainSchema.safeParse(definition);
  if (data === undefined) return null;
  const { vocab, merges } = data.model;
  const idOf = (token: string): number | undefined =>
    Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  const idOfByte = letters().map(idOf);
  const pairs = new Map<string, { readonly rank: number; readonly token: number }>();
  for (const [rank, merge] of merges.entries()) {
    const spelt = typeof merge === 'string' ? merge.split(' ') : merge;
    const [left, right, token] = [idOf(spelt[0]!), idOf(spelt[1] ?? ''), idOf(spelt.join(''))];
    if (spelt.length !== 2 || left === undefined || right === undefined || token === undefined) return null;
    pairs.set(`${left},${right}`, { rank, token });
  }
  if (idOfByte.includes(undefined)) return null;

  /** Merges the pair that was learnt first, the leftmost of its kind, until there is none. */
  const encodeWord = (word: string): number[] => {
    const symbol = Array.from(Buffer.from(word), (byte) => idOfByte[byte]!);
    const [next, previous] = [symbol.map((_, i) => i + 1), symbol.map((_, i) => i - 1)];
    const queue = new TinyQueue<Pair>([], (a, b) => a.rank - b.rank || a.at - b.at);
    const look = (at: number): void => {
      const [left, right] = [symbol[at]!, symbol[next[at]!]];
      const pair = right === undefined ? undefined : pairs.get(`${left},${right}`);
      if (pair !== undefined) queue.push({ ...pair, at, left, right: right! });
    };
    for (let at = 0; at < symbol.length - 1; at++) look(at);
    for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
      const { at, left, right, token } = pair;
      const behind = next[at]!;
      if (symbol[at] !== left || symbol[behind] !== right) continue;
      symbol[at] = token;
      symbol[behind] = -1;
      next[at] = next[behind]!;
      previous[next[at]!] = at;
      if (previous[at]! >= 0) look(previous[at]!);
      look(at);
    }
    return symbol.filter((id) => id >= 0);
  };

  const cache = new Map<string, readonly number[]>();
  const addWords = (ids: number[], text: string): void => {
    for (const [word] of text.matchAll(WORD)) {
      let found = cache.get(word);
      if (found === undefined) {
        found = encodeWord(word);
        if (cache.size >= CACHED_WORDS) cache.clear();
        if (word.length <= CACHED_LENGTH) cache.set(copyOf(word), found);
      }
      for (const id of found) ids.push(id);
    }
  };
  const added = new Map(data.added_tokens?.map(({ content, id }) => [content, id]));
  /** The longest one that begins somewhere is meant. */
  const spelt = [...added.keys()]
    .sort((a, b) => b.length - a.length)
    .map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const split = spelt.length === 0 ? null : new RegExp(`(${spelt.join('|')})`, 'gu');
  return (text) => {
    const ids: number[] = [];
    for (const [i, part] of (split === null ? [text] : text.split(split)).entries())
      if (i % 2 === 1) ids.push(added.get(part)!);
      else addWords(ids, part);
    return ids;
  };
}
