/** @file Deterministic casts from float32 to eight bits and fewer, as a table of 65,536 codes. */
import { encode } from './encode.ts';
import type { Format } from './format.ts';
import type { Overflow, Rounding } from './rounding.ts';

const tables = new Map<Format, Map<string, Uint8Array>>();

/**
 * The code of every float32 whose low 16 bits are zero, by its high 16 bits.
 * It serves all other float32 as well: let `bits >>> 16` absorb the low half as a sticky bit,
 * `index = bits >>> 16 | (low half is not 0)`. That is rounding to odd at 8 significant bits; rounding the result again,
 * to p ≤ 6 bits, equals rounding once (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved
 * algorithms using rounding to odd", 2008: two more bits suffice).
 */
export function encodeTable(
  format: Format,
  rounding: Exclude<Rounding, 'stochastic'>,
  overflow: Overflow,
): Uint8Array {
  const key = `${rounding} ${overflow}`;
  const ofFormat = tables.get(format) ?? new Map<string, Uint8Array>();
  tables.set(format, ofFormat);
  const found = ofFormat.get(key);
  if (found) return found;
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const table = new Uint8Array(0x10000);
  for (let high = 0; high < table.length; high++) {
    bits[0] = high << 16;
    table[high] = encode(format, value[0]!, { rounding, overflow });
  }
  ofFormat.set(key, table);
  return table;
}
