/** @file Documents, and what a look through all of them finds out. */
import { createHash } from 'node:crypto';
import { createTurns } from './turns.ts';

/** A text that stands on its own: a file, or a line of a JSONL file. */
export interface TextDocument {
  readonly name: string;
  readonly text: string;
}

/** Can be walked more than once, with the same documents each time: an array, or what `readDocuments` returns. */
export type Documents = AsyncIterable<TextDocument> | Iterable<TextDocument>;

/** The documents that have text. */
export async function* withText(documents: Documents): AsyncGenerator<TextDocument> {
  for await (const document of documents) if (document.text !== '') yield document;
}

export interface Survey {
  /** Bytes of UTF-8, document by document, empty ones left out. */
  readonly sizes: readonly number[];
  /** Sum of `sizes`. */
  readonly bytes: number;
  /** SHA-256 of all texts and their lengths, in order; names do not count. */
  readonly hash: string;
}

/** Walks the documents once and keeps none. */
export async function surveyDocuments(documents: Documents, signal?: AbortSignal): Promise<Survey> {
  const turn = createTurns(signal);
  const hash = createHash('sha256');
  const encoder = new TextEncoder();
  const sizes: number[] = [];
  let bytes = 0;
  for await (const { text } of withText(documents)) {
    const encoded = encoder.encode(text);
    hash.update(`${encoded.length}:`).update(encoded);
    sizes.push(encoded.length);
    bytes += encoded.length;
    await turn();
  }
  return { sizes, bytes, hash: hash.digest('hex') };
}
