/** @file Documents, and what a look through all of them finds out. */
import { createHash } from 'node:crypto';
import { createTurns } from './turns.ts';

/** A text that stands on its own: a file, or a line of a JSONL file. */
export interface TextDocument {
  readonly name: string;
  readonly text: string;
  /** Stretches of the text that are learned, in characters, ascending; absent: all of it. */
  readonly learned?: readonly (readonly [from: number, to: number])[];
  /** The text spells out its own beginning and end: no tokens are put around it. */
  readonly complete?: boolean;
}

/** Can be walked more than once, with the same documents each time: an array, or what `readDocuments` returns. */
export type Documents = AsyncIterable<TextDocument> | Iterable<TextDocument>;

/** The documents that have text. */
export async function* withText(documents: Documents): AsyncGenerator<TextDocument> {
  for await (const document of documents) if (document.text !== '') yield document;
}

export interface Survey {
  /** Where documents begin, in bytes of UTF-8 before them, empty ones left out: each one, or every `stride`-th where they are many. */
  readonly starts: readonly number[];
  readonly stride: number;
  /** Of all texts. */
  readonly bytes: number;
  /** SHA-256 of all texts, their lengths and what of them is learned, in order; names do not count. */
  readonly hash: string;
  /** Whether some document is learned in part. */
  readonly masked: boolean;
}

/** Starts that are remembered at most. */
const MOST_STARTS = 2 ** 20;

/** Walks the documents once and keeps none; `onDocument` hears of the bytes so far. */
export async function surveyDocuments(
  documents: Documents,
  signal?: AbortSignal,
  onDocument?: (bytes: number) => void,
): Promise<Survey> {
  const turn = createTurns(signal);
  const hash = createHash('sha256');
  const encoder = new TextEncoder();
  let starts: number[] = [];
  let [document, stride, bytes] = [0, 1, 0];
  let masked = false;
  for await (const { text, learned, complete } of withText(documents)) {
    const encoded = encoder.encode(text);
    hash.update(`${encoded.length}:`).update(encoded);
    if (learned) hash.update(JSON.stringify([learned, complete]));
    masked ||= learned !== undefined;
    if (document++ % stride === 0) starts.push(bytes);
    if (starts.length > MOST_STARTS) {
      starts = starts.filter((_, i) => i % 2 === 0);
      stride *= 2;
    }
    bytes += encoded.length;
    onDocument?.(bytes);
    await turn();
  }
  return { starts, stride, bytes, hash: hash.digest('hex'), masked };
}
