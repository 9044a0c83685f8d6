/** @file The strings in an Arrow schema: the caller's, ours (`octavo.…`), and a CRC that covers both. */
import { quoted } from '@octavo/formats';
import type { Crc32c } from '../checksums.ts';
import { badFile } from '../file-error.ts';

export type Metadata = Readonly<Record<string, string>>;

const CRC = 'octavo.crc32c';
/** The key that says what kind of file it is, and of which version. */
export const LAYOUT = 'octavo.layout';

/** By key: what a checksum is taken of. */
export const sorted = (metadata: Metadata): readonly (readonly [string, string])[] =>
  Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));

const render = (metadata: Metadata): Uint8Array => new TextEncoder().encode(JSON.stringify(sorted(metadata)));

/** Whether UTF-8 can hold the text: no lone surrogates. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Throws where a key has our prefix, or a string is not text. */
export function checkMetadata(metadata: Metadata): void {
  const reserved = Object.keys(metadata).find((key) => key.startsWith('octavo.'));
  if (reserved !== undefined)
    throw badFile(
      `[store] metadata key is reserved: got ${quoted(reserved)}, expected one without "octavo." in front`,
    );
  checkTexts(metadata);
}

/** Throws where a string is not text. */
export function checkTexts(metadata: Metadata): void {
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string' || !isWellFormed(key) || !isWellFormed(value))
      throw badFile(
        `[store] metadata ${quoted(key)} is not text: got ${typeof value}, expected a well-formed string`,
      );
}

/** Throws where a file is of another kind, or of another version of it. */
export function checkLayout(path: string, sealed: Metadata, expected: string): void {
  if (sealed[LAYOUT] !== expected)
    throw badFile(
      `[store] ${path} is of another kind: got layout ${quoted(sealed[LAYOUT] ?? 'none')}, expected "${expected}"`,
    );
}

/** The caller's strings with the layout, our own keys and the checksum added. Throws where the caller uses our prefix. */
export function sealMetadata(crc: Crc32c, layout: string, metadata: Metadata, own: Metadata = {}): Metadata {
  checkMetadata(metadata);
  const all = { ...metadata, ...own, [LAYOUT]: layout };
  return { ...all, [CRC]: String(crc(render(all))) };
}

/** Splits sealed strings again, after checking layout and checksum. */
export function unsealMetadata(
  crc: Crc32c,
  path: string,
  layout: string,
  sealed: Metadata,
): { readonly metadata: Metadata; readonly own: Metadata } {
  checkLayout(path, sealed, layout);
  const { [CRC]: written, ...all } = sealed;
  const found = String(crc(render(all)));
  if (found !== written)
    throw badFile(
      `[store] ${path} is altered in its metadata: got CRC-32C ${found}, expected ${quoted(written ?? 'one')}`,
    );
  const pick = (wanted: boolean): Metadata =>
    Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith('octavo.') === wanted));
  return { metadata: pick(false), own: pick(true) };
}
