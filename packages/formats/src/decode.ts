/** @file One code to one number. */
import { OctavoError } from './error.ts';
import { powerOfTwo } from './float-bits.ts';
import type { Format } from './format.ts';
import { magnitudeMask, signBit, topExponent } from './layout.ts';

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
