/** @file CRC-32C over several pieces of memory: how every file of this package notices an altered byte. */
import { createCRC32 } from 'hash-wasm';

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
