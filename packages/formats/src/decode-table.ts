/** @file The value of every code, as a table. */
import { decode } from './decode.ts';
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';

const tables = new Map<Format, Float32Array>();

/** `table[code] = decode(format, code)` for formats of at most 16 bits. Shared: do not write to it. */
export function decodeTable(format: Format): Float32Array {
  const found = tables.get(format);
  if (found) return found;
  const table = Float32Array.from({ length: 2 ** format.bits }, (_, code) => decode(format, code));
  tables.set(format, table);
  return table;
}

/** The values of a format by code, `2^bits` of them, in an array of the caller's own. At most 16 bits. */
export function valuesOf(format: Format): Float32Array {
  if (format.bits > 16) {
    throw new OctavoError(
      `[formats] all values of a format: got ${format.name} with ${format.bits} bits, expected at most 16`,
    );
  }
  return decodeTable(format).slice();
}
