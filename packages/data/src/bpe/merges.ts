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
 * `BpeTrainer` learns: of equally frequent pairs that of the lowest ids; a token that two pairs spell is one token; a pair's
 * places are those of its own entry in the queue, so that a pair which such a token lets arise anew is merged apart. Each
 * merge costs what it changes: places are linked lists over all words, so that the time grows with the words' bytes and
 * not with their lengths. Yields the number of tokens from time to time.
 */
export function* learnMerges(
  words: WordCounts,
  { tokens: first, idOfByte, vocabularySize }: Learning,
): Generator<number, Learnt> {
  const { symbol, next, previous, wordOf, starts, counts } = linked(words, idOfByte);
  const tokens = [...first];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const pairCounts = new Map<number, number>();
  /** Pairs with more than one candidate. */
  const repeated = new Set<number>();
  const queue = new TinyQueue<Candidate>(
    [],
    (a, b) => b.count - a.count || a.left - b.left || a.right - b.right,
  );
  /** Where pairs have begun to stand since the last merge. */
  let fresh = new Map<number, number[]>();
  const add = (pair: number, count: number, place: number): void => {
    const known = pairCounts.get(pair);
    pairCounts.set(pair, (known ?? 0) + count);
    if (count < 0) return;
    const places = fresh.get(pair);
    if (places !== undefined) places.push(place);
    else {
      fresh.set(pair, [place]);
      if (known !== undefined) repeated.add(pair);
    }
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

  const merges = new Map<number, readonly [string, string]>();
  for (;;) {
    const top = idOf.size < vocabularySize ? queue.pop() : undefined;
    if (top === undefined) return { tokens, merges: [...merges.values()] };
    const { left, right, places } = top;
    const pair = left * PAIR + right;
    const count = pairCounts.get(pair)!;
    if (top.count !== count) {
      top.count = count;
      if (count > 0) queue.push(top);
      continue;
    }
    const spelt: readonly [string, string] = [tokens[left]!, tokens[right]!];
    const token = spelt.join('');
    let id = idOf.get(token);
    if (id === undefined) {
      id = tokens.push(token) - 1;
      idOf.set(token, id);
    }
    merges.delete(pair); // merged again, it stands where it was merged last
    merges.set(pair, spelt);
    for (const at of repeated.has(pair) ? wholeWords(places) : places) {
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

  /** All places of the words that some places lie in. */
  function* wholeWords(places: readonly number[]): Generator<number> {
    for (const word of new Set(places.map((at) => wordOf[at]!)))
      for (let at = starts[word]!; at >= 0; at = next[at]!) yield at;
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
  const starts: number[] = [];
  let at = 0;
  for (const [word, bytes] of texts.entries()) {
    starts.push(at);
    for (const [i, byte] of bytes.entries()) {
      symbol[at] = idOfByte[byte]!;
      previous[at] = i === 0 ? -1 : at - 1;
      next[at] = i === bytes.length - 1 ? -1 : at + 1;
      wordOf[at++] = word;
    }
  }
  return { symbol, next, previous, wordOf, starts, counts: [...words.values()].map(({ count }) => count) };
}
