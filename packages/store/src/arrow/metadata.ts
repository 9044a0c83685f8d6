/** @file The strings in an Arrow schema: the caller's, ours (`octavo.…`), and a CRC that covers both. */

import type { Crc32c } from '../crc32c.ts';
import { badFile } from '../file-error.ts';
import { shown } from '../shown.ts';

export type Metadata = Readonly<Record<string, string>>;

const CRC = 'octavo.crc32c';
const LAYOUT = 'octavo.layout';

const render = (metadata: Metadata): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
  );

/** Whether UTF-8 can hold the text: no lone surrogates. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Throws where a key has our prefix, or a string is not text. */
export function checkMetadata(metadata: Metadata): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (key.startsWith('octavo.'))
      throw badFile(
        `[store] metadata key is reserved: got ${shown(key)}, expected one without "octavo." in front`,
      );
    if (typeof value !== 'string' || !isWellFormed(key) || !isWellFormed(value))
      throw badFile(
        `[store] metadata ${shown(key)} is not text: got ${typeof value}, expected a well-formed string`,
      );
  }
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
  if (sealed[LAYOUT] !== layout)
    throw badFile(
      `[store] ${path} is of another kind: got layout ${shown(sealed[LAYOUT] ?? 'none')}, expected "${layout}"`,
    );
  const { [CRC]: written, ...all } = sealed;
  const found = String(crc(render(all)));
  if (found !== written)
    throw badFile(
      `[store] ${path} is altered in its metadata: got CRC-32C ${found}, expected ${shown(written ?? 'one')}`,
    );
  const pick = (wanted: boolean): Metadata =>
    Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith('octavo.') === wanted));
  return { metadata: pick(false), own: pick(true) };
}
