/** @file Lambada in small: the last word of a held-out passage, which greedy decoding must spell. Not Lambada itself. */
import { setImmediate } from 'node:timers/promises';
import { OctavoError } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { forward, type Llama, sample } from '@octavo/llama';
import { writeScales } from '@octavo/nn';
import { type TokenBatch, uploadBatch } from '@octavo/trainer';

/** A sentence's end: the `context` bytes that lead up to it and the word that closes it, without its full stop. */
export interface Passage {
  /** Context and word, `sequence + 1` bytes. */
  readonly bytes: Uint8Array;
  /** Letters of the word: the last `length` of `bytes`. */
  readonly length: number;
}

const SHORTEST = 4;
const LONGEST = 16;

/**
 * Passages by fixed rules: each ends in a word of 4 to 16 ASCII letters with a space before and a full stop after it, and
 * holds the word and what stands before it, `sequence + 1` bytes in all. Of all there are, `limit` evenly spread ones.
 * Throws for a text without any.
 */
export function passagesOf(text: Uint8Array, sequence: number, limit: number): Passage[] {
  const ends: { end: number; length: number }[] = [];
  for (let end = sequence + 1; end < text.length; end++) {
    if (text[end] !== FULL_STOP) continue;
    let start = end;
    while (start > 0 && isLetter(text[start - 1]!)) start--;
    const length = end - start;
    if (length >= SHORTEST && length <= LONGEST && length < sequence && text[start - 1] === SPACE)
      ends.push({ end, length });
  }
  if (ends.length === 0)
    throw new OctavoError(
      `[lab] last words: got a held-out text without a sentence of more than ${sequence} bytes, expected some`,
    );
  const count = Math.min(limit, ends.length);
  return Array.from({ length: count }, (_, i) => {
    const { end, length } = ends[Math.floor((i * ends.length) / count)]!;
    return { bytes: text.slice(end - sequence - 1, end), length };
  });
}

const FULL_STOP = 46;
const SPACE = 32;
const isLetter = (byte: number): boolean => (byte | 32) >= 97 && (byte | 32) <= 122;

const GREEDY = { temperature: 0, seed: 0 };

/** What a model makes of the passages. */
export interface LastWords {
  readonly passages: number;
  /** Passages whose word greedy decoding spells, letter by letter. */
  readonly right: number;
  /** Their numbers, so that two models can be compared passage by passage. */
  readonly rightAt: readonly number[];
  /** Mean of −ln p(word | context), nats per word. */
  readonly loss: number;
}

/**
 * Greedy decoding spells a word exactly if each of its letters is the most probable one after the true letters before
 * it, so one forward pass over context and word decides; nothing is generated. Changes no state.
 */
export async function lastWords(
  model: Llama,
  passages: readonly Passage[],
  options: { batch: number; signal?: AbortSignal | undefined },
): Promise<LastWords> {
  const rightAt: number[] = [];
  let loss = 0;
  for (let first = 0; first < passages.length; first += options.batch) {
    options.signal?.throwIfAborted();
    await setImmediate();
    const some = passages.slice(first, first + options.batch);
    const sequence = some[0]!.bytes.length - 1;
    const logits = await logitsOf(model, { tokens: concatenated(some, sequence), targets: [] }, sequence);
    const size = model.config.vocabularySize;
    for (const [i, { bytes, length }] of some.entries()) {
      let spelled = true;
      for (let at = sequence - length; at < sequence; at++) {
        const row = logits.subarray((i * sequence + at) * size, (i * sequence + at + 1) * size);
        const letter = bytes[at + 1]!;
        if (sample(row, GREEDY, 0) !== letter) spelled = false;
        loss += logSumExp(row) - row[letter]!;
      }
      if (spelled) rightAt.push(first + i);
    }
  }
  return { passages: passages.length, right: rightAt.length, rightAt, loss: loss / passages.length };
}

function concatenated(passages: readonly Passage[], sequence: number): Int32Array {
  const tokens = new Int32Array(passages.length * sequence);
  for (const [i, { bytes }] of passages.entries()) tokens.set(bytes.subarray(0, sequence), i * sequence);
  return tokens;
}

/** Logits of every position, `[batch · sequence, V]`. */
async function logitsOf(model: Llama, batch: TokenBatch, sequence: number): Promise<Float32Array> {
  const { device, precision } = model;
  const scope = createScope(device);
  try {
    writeScales(precision);
    const input = uploadBatch(model, scope, batch, { sequence, backward: false });
    return await device.read(forward(model, { device, scope, tape: null, precision }, input).value);
  } finally {
    scope.release();
  }
}

function logSumExp(row: Float32Array): number {
  const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** How many passages end in the word that ends the most sentences of the training text: what knowing no context gives. */
export function commonestWord(
  train: Uint8Array,
  passages: readonly Passage[],
): { word: string; right: number } {
  const counts = new Map<string, number>();
  const decoder = new TextDecoder();
  const wordOf = ({ bytes, length }: Passage): string =>
    decoder.decode(bytes.subarray(bytes.length - length));
  const sequence = passages[0]!.bytes.length - 1;
  for (const passage of passagesOf(train, sequence, Number.POSITIVE_INFINITY)) {
    const word = wordOf(passage);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const [word] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  return { word, right: passages.filter((passage) => wordOf(passage) === word).length };
}
