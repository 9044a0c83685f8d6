/** @file CRC-32 of statistics: Node's own, which is there at once; a writer that cannot wait needs one. */
import { crc32 as update } from 'node:zlib';

/** CRC-32 (IEEE 802.3) of the pieces, as if they stood one after another. */
export const crc32 = (...pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, piece) => update(piece, sum), 0);
