/** @file Byte-pair encoding is learnt: the most frequent pair of neighbours becomes a token, again and again. */
import TinyQueue from 'tinyqueue';
import type { WordCounts } from './count-words.ts';

/** A pair of tokens, how often it stood in the text when this was written down, and where it then began to stand. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  count: number;
  readonly places: readonly number[];
}

/** Pairs are numbers: 2¹⁶ tokens at most. */
const PAIR = 2 ** 16;

export interface Learning {
  /** Tokens at the beginning: special ones, then a letter for each byte, and which letter's id that is. */
  readonly tokens: readonly string[];
  readonly idOfByte: ArrayLike<number>;
  /** Tokens in the end at most. */
  readonly vocabularySize: number;
}

/** The tokens in the order of their ids, and the pairs that are merged, the most important first. */
export interface Learnt {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [left: string, right: string])[];
}

/**
 * Merges learnt from counted words (Sennrich et al., arXiv 1508.07909), the same ones in the same order as Hugging Face's
 * `BpeTrainer` learns: of equally frequent pairs that of the lowest ids. All places of a pair arise with the younger of its
 * tokens, so that each pair is a candidate once, and its count can only fall. A merge costs what it changes: places are linked
 * lists over all words, so that the time grows with the words' bytes, however long one of them is. Yields the number of tokens
 * after each merge.
 */
export function* learnMerges(
  words: WordCounts,
  { tokens: first, idOfByte, vocabularySize }: Learning,
): Generator<number, Learnt> {
  const { symbol, next, previous, wordOf, counts } = linked(words, idOfByte);
  const tokens = [...first];
  const merges: [string, string][] = [];
  const pairCounts = new Map<number, number>();
  const queue = new TinyQueue<Candidate>(
    [],
    (a, b) => b.count - a.count || a.left - b.left || a.right - b.right,
  );
  /** Where pairs have begun to stand since the last merge. */
  let fresh = new Map<number, number[]>();
  const add = (pair: number, count: number, place: number): void => {
    pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + count);
    if (count < 0) return;
    const places = fresh.get(pair);
    if (places === undefined) fresh.set(pair, [place]);
    else places.push(place);
  };
  const enqueue = (): void => {
    for (const [pair, places] of fresh) {
      const count = pairCounts.get(pair)!;
      if (count > 0) queue.push({ left: Math.floor(pair / PAIR), right: pair % PAIR, count, places });
    }
    fresh = new Map();
  };

  for (let at = 0; at < symbol.length; at++)
    if (next[at]! >= 0) add(symbol[at]! * PAIR + symbol[at + 1]!, counts[wordOf[at]!]!, at);
  enqueue();

  for (;;) {
    const top = tokens.length < vocabularySize ? queue.pop() : undefined;
    if (top === undefined) return { tokens, merges };
    const { left, right, places } = top;
    const count = pairCounts.get(left * PAIR + right)!;
    if (top.count !== count) {
      top.count = count;
      if (count > 0) queue.push(top);
      continue;
    }
    merges.push([tokens[left]!, tokens[right]!]);
    const id = tokens.push(tokens[left]! + tokens[right]!) - 1;
    for (const at of places) {
      const behind = next[at]!;
      if (symbol[at] !== left || behind < 0 || symbol[behind] !== right) continue;
      const [before, after, weight] = [previous[at]!, next[behind]!, counts[wordOf[at]!]!];
      if (before >= 0) {
        add(symbol[before]! * PAIR + left, -weight, before);
        add(symbol[before]! * PAIR + id, weight, before);
      }
      symbol[at] = id;
      symbol[behind] = -1;
      next[at] = after;
      if (after < 0) continue;
      previous[after] = at;
      add(right * PAIR + symbol[after]!, -weight, at);
      add(id * PAIR + symbol[after]!, weight, at);
    }
    enqueue();
    yield tokens.length;
  }
}

/** All words' bytes as tokens one after another, each with its neighbours' places (−1: none) and its word. */
function linked(words: WordCounts, idOfByte: ArrayLike<number>) {
  const texts = [...words.keys()].map((word) => Buffer.from(word));
  const length = texts.reduce((sum, bytes) => sum + bytes.length, 0);
  const [symbol, next, previous, wordOf] = [0, 1, 2, 3].map(() => new Int32Array(length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let at = 0;
  for (const [word, bytes] of texts.entries()) {
    for (const [i, byte] of bytes.entries()) {
      symbol[at] = idOfByte[byte]!;
      previous[at] = i === 0 ? -1 : at - 1;
      next[at] = i === bytes.length - 1 ? -1 : at + 1;
      wordOf[at++] = word;
    }
  }
  return { symbol, next, previous, wordOf, counts: [...words.values()].map(({ count }) => count) };
}
