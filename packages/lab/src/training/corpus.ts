/** @file The text of the studies as bytes, and its rare byte. */
import { defaultCorpus } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { StudyOptions } from '../engine/study.ts';

/** The training part of the default corpus. */
export const corpusBytes = (): Promise<Uint8Array> => bytesOf(defaultCorpus().train);

/** Its held-out part, which no study trains on. */
export const heldOutBytes = (): Promise<Uint8Array> => bytesOf(defaultCorpus().heldOut);

/** What is trained on and what is held out: without `heldOut` the last tenth of `bytes`. */
export function splitText(text: Pick<StudyOptions, 'bytes' | 'heldOut'>): {
  readonly train: Uint8Array;
  readonly heldOut: Uint8Array;
} {
  const { bytes, heldOut } = text;
  if (heldOut) return { train: bytes, heldOut };
  const cut = Math.floor(0.9 * bytes.length);
  return { train: bytes.subarray(0, cut), heldOut: bytes.subarray(cut) };
}

async function bytesOf(documents: AsyncIterable<{ readonly text: string }>): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for await (const { text } of documents) parts.push(encoder.encode(text));
  return Uint8Array.from(Buffer.concat(parts));
}

export interface RareByte {
  readonly byte: number;
  readonly count: number;
  /** Where it stands. */
  readonly positions: Int32Array;
}

/** The byte whose frequency is nearest (in the logarithm) to one in `every`. Throws for a text without one near it. */
export function rareByte(bytes: Uint8Array, every = 20_000): RareByte {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte]!++;
  const distance = (count: number): number =>
    count > 0 ? Math.abs(Math.log((count * every) / bytes.length)) : Number.POSITIVE_INFINITY;
  let byte = 0;
  for (let i = 1; i < 256; i++) if (distance(counts[i]!) < distance(counts[byte]!)) byte = i;
  const count = counts[byte]!;
  if (distance(count) > Math.log(4))
    throw new OctavoError(
      `[lab] corpus has no rare byte: got none that stands once in ${every / 4} to ${every * 4} bytes; use a longer text`,
    );
  const positions = new Int32Array(count);
  let found = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === byte) positions[found++] = i;
  return { byte, count, positions };
}
