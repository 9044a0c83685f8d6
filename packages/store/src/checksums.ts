/** @file How files notice an altered byte: CRC-32C, as the formats of this field have it; of statistics CRC-32, which Node has at once. */
import { crc32 as update } from 'node:zlib';
import { createCRC32 } from 'hash-wasm';

/** CRC-32 (IEEE 802.3) of the pieces, as if they stood one after another; for a writer that cannot wait. */
export const crc32 = (...pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, piece) => update(piece, sum), 0);

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of the pieces, as if they stood one after another. */
export type Crc32c = (...pieces: readonly Uint8Array[]) => number;

/** The polynomial, bit-reversed. */
const CASTAGNOLI = 0x82f63b78;

let loading: Promise<Crc32c> | undefined;

/** Loads the WebAssembly hasher once; the function it gives is synchronous. */
export function loadCrc32c(): Promise<Crc32c> {
  loading ??= createCRC32(CASTAGNOLI).then((hasher) => (...pieces) => {
    hasher.init();
    for (const piece of pieces) hasher.update(piece);
    return Number.parseInt(hasher.digest('hex'), 16);
  });
  return loading;
}
