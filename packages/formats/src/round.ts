/** @file Rounding a number onto a format's grid, without going through codes. */
import type { Format } from './format.ts';
import type { Overflow, Rounding } from './rounding.ts';

/**
 * The value of `format` that stands for `x`.
 * Exact for every float32 input. `random` is 32 random bits, used by stochastic rounding only.
 */
export function round(
  format: Format,
  x: number,
  rounding: Rounding = 'nearest-even',
  overflow: Overflow = 'saturate',
  random = 0,
): number {
  if (Number.isNaN(x)) return format.nan === 'none' ? format.max : Number.NaN;
  const magnitude = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? -1 : 1;
  if (magnitude === 0) return sign < 0 && !format.hasNegativeZero ? 0 : x;
  if (magnitude === Number.POSITIVE_INFINITY) return sign * beyond(format, overflow);
  const step = 2 ** (Math.max(exponentOf(magnitude), Math.log2(format.minNormal)) - format.mantissaBits);
  const units = magnitude / step;
  const floor = Math.floor(units);
  const fraction = units - floor;
  let up = false;
  if (rounding === 'nearest-even') up = fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1);
  else if (rounding === 'stochastic') up = fraction * 2 ** 32 > random;
  const rounded = (floor + (up ? 1 : 0)) * step;
  const finite = rounded > format.max ? beyond(format, overflow) : rounded;
  if (finite === 0 && !format.hasNegativeZero) return 0;
  return sign * finite;
}

function beyond(format: Format, overflow: Overflow): number {
  if (overflow === 'saturate') return format.max;
  if (format.hasInfinity) return Number.POSITIVE_INFINITY;
  return format.nan === 'none' ? format.max : Number.NaN;
}

const view = new DataView(new ArrayBuffer(8));

/** ⌊log2 x⌋ of a positive normal double, read from its bits. */
function exponentOf(x: number): number {
  view.setFloat64(0, x);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}
