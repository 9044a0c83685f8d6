/** @file One code to one number; and the numbers of all codes, as a table. */
import { OctavoError } from './error.ts';
import { powerOfTwo } from './float-bits.ts';
import { type Format, magnitudeMask, signBit, topExponent } from './format.ts';

/**
 * The value of a code, exact.
 * (-1)^S · 2^(E - bias) · (1 + M · 2^-mantissaBits), or (-1)^S · minSubnormal · M where E = 0 and the format has subnormals.
 * Throws where `code` is not an unsigned integer of `format.bits` bits.
 */
export function decode(format: Format, code: number): number {
  if (!(Number.isInteger(code) && code >= 0 && code < 2 ** format.bits)) {
    throw new OctavoError(
      `[formats] ${format.name} code: got ${code}, expected an integer from 0 to ${2 ** format.bits - 1}`,
    );
  }
  const negative = format.signed && code >= signBit(format);
  const magnitude = negative ? code - signBit(format) : code;
  if (isNan(format, negative, magnitude)) return Number.NaN;
  const value = magnitudeOf(format, magnitude);
  return negative ? -value : value;
}

function isNan(format: Format, negative: boolean, magnitude: number): boolean {
  if (format.nan === 'ieee') return magnitude > topExponent(format);
  if (format.nan === 'all-ones') return magnitude === magnitudeMask(format);
  return format.nan === 'negative-zero' && negative && magnitude === 0;
}

function magnitudeOf(format: Format, magnitude: number): number {
  if (format.hasInfinity && magnitude === topExponent(format)) return Number.POSITIVE_INFINITY;
  const unit = 2 ** format.mantissaBits;
  const exponent = Math.floor(magnitude / unit);
  const mantissa = magnitude % unit;
  if (exponent === 0 && format.hasSubnormals) return mantissa * format.minSubnormal;
  return (1 + mantissa / unit) * powerOfTwo(exponent - format.bias);
}

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
