/** @file Rounding a number onto a format's grid, without going through codes; and the two choices a cast leaves open. */
import { exponentOf, powerOfTwo } from './float-bits.ts';
import type { Format } from './format.ts';

/** `nearest-even` (ties to the even mantissa), `toward-zero`, or `stochastic` (up with probability equal to the fraction). */
export type Rounding = 'nearest-even' | 'toward-zero' | 'stochastic';

/** `saturate` to ±max, or the format's own `special` values (infinity, else NaN, else ±max where it has neither). */
export type Overflow = 'saturate' | 'special';

/**
 * The value of `format` that stands for `x`, exact for every double.
 *
 * With u = |x| / step, step = 2^(max(⌊log2 |x|⌋, log2 minNormal) - mantissaBits), the result is step · ⌊u⌋ or
 * step · (⌊u⌋ + 1): the nearer one (ties to the even multiple), the lower one, or, stochastically, the upper one where
 * the fraction u - ⌊u⌋ exceeds `random` · 2^-32. `random` is 32 random bits and used by stochastic rounding only.
 *
 * Beyond `format.max` stochastic rounding goes up only where nearest-even does: what is `max` but for the last bits of its scale is
 * not thrown to infinity or NaN by chance. What exceeds `format.max` *after* rounding has overflowed (IEEE 754-2019, 7.4); rounding toward zero a finite number
 * never overflows. `saturate` gives ±max then, and for infinities; `special` gives ±Infinity, or NaN in a format without.
 *
 * Formats that lack a value:
 * - no −0 (FNUZ): 0;
 * - no NaN (E2M1): NaN becomes +max; no infinity and no NaN: ±max under both modes;
 * - E8M0 has neither zero nor sign: what lies below 2^-127, zero included, becomes 2^-127; negative numbers NaN. Its
 *   one-bit significands are all odd, so a tie goes up.
 */
export function round(
  format: Format,
  x: number,
  rounding: Rounding = 'nearest-even',
  overflow: Overflow = 'saturate',
  random = 0,
): number {
  if (Number.isNaN(x)) return format.nan === 'none' ? format.max : x;
  const magnitude = Math.abs(x);
  const negative = x < 0;
  if (negative && !format.signed) return Number.NaN;
  if (magnitude === 0) return format.hasSubnormals ? (format.hasNegativeZero ? x : 0) : format.minNormal;
  if (magnitude === Number.POSITIVE_INFINITY) return signed(negative, beyond(format, overflow));

  const exponent = exponentOf(Math.max(magnitude, format.minNormal));
  const step = powerOfTwo(exponent - format.mantissaBits);
  const units = magnitude / step; // a power of two divides: exact
  const floor = Math.floor(units);
  const fraction = units - floor;
  let result = floor * step;
  if (rounding === 'nearest-even') {
    if (nearestIsUp(floor, fraction)) result = (floor + 1) * step;
  } else if (rounding === 'stochastic') {
    const up = (floor + 1) * step;
    const may = up <= format.max || nearestIsUp(floor, fraction);
    if (may && fraction * 0x1_0000_0000 > random) result = up;
  } else if (result > format.max) {
    result = format.max;
  }

  if (result > format.max) return signed(negative, beyond(format, overflow));
  if (result === 0)
    return !format.hasSubnormals ? format.minNormal : negative && format.hasNegativeZero ? -0 : 0;
  return negative ? -result : result;
}

const nearestIsUp = (floor: number, fraction: number): boolean =>
  fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1);

const signed = (negative: boolean, magnitude: number): number => (negative ? -magnitude : magnitude);

/** The magnitude that stands for what is too large. */
function beyond(format: Format, overflow: Overflow): number {
  if (overflow === 'saturate') return format.max;
  if (format.hasInfinity) return Number.POSITIVE_INFINITY;
  return format.nan === 'none' ? format.max : Number.NaN;
}
