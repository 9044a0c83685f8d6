/** @file Rounding to any format inside a kernel, where a number's bits cannot be read. */
import { E8M0, type Format, type Overflow, type Rounding } from '@octavo/formats';

/**
 * `x` on the grid of a format: a ladder of comparisons finds the power of two p ≤ |x|, `floor` the lower neighbour,
 * and the fraction decides. Exact where products with powers of two are.
 *
 * `unit` is 2^mantissaBits; `rounding` 0 to nearest even, 1 toward zero, 2 stochastic with `draw` of 24 random bits;
 * `overflow` 0 saturates, 1 gives infinity, 2 NaN, −1 saturates NaN too; `smallest` is 0, or the least value of a format without zero;
 * `unsigned` 1 makes negative numbers NaN.
 * A helper for kernels: scalars only, closes over nothing.
 */
export function roundToGrid(
  x: number,
  minNormal: number,
  inverseMinNormal: number,
  unit: number,
  inverseUnit: number,
  max: number,
  smallest: number,
  unsigned: number,
  rounding: number,
  overflow: number,
  draw: number,
): number {
  const a = Math.abs(x);
  let m = a;
  let p = 1;
  if (a < minNormal) {
    m = a * inverseMinNormal;
    p = minNormal;
  } else {
    if (m < 1) {
      m = m * 8.507059173023462e37; // 2^126
      p = 1.1754943508222875e-38; // 2^-126
    }
    if (m < 1) {
      m = m * 2;
      p = 5.877471754111438e-39; // 2^-127, E8M0's smallest
    }
    if (m >= 18446744073709552000) {
      m = m * 5.421010862427522e-20; // 2^-64
      p = p * 18446744073709552000;
    }
    if (m >= 4294967296) {
      m = m * 2.3283064365386963e-10; // 2^-32
      p = p * 4294967296;
    }
    if (m >= 65536) {
      m = m * 0.0000152587890625;
      p = p * 65536;
    }
    if (m >= 256) {
      m = m * 0.00390625;
      p = p * 256;
    }
    if (m >= 16) {
      m = m * 0.0625;
      p = p * 16;
    }
    if (m >= 4) {
      m = m * 0.25;
      p = p * 4;
    }
    if (m >= 2) {
      m = m * 0.5;
      p = p * 2;
    }
  }
  const u = m * unit;
  let f = Math.floor(u);
  const rest = u - f;
  const odd = f - Math.floor(f * 0.5) * 2;
  let nearest = f;
  if (rest > 0.5 || (rest === 0.5 && odd > 0.5)) {
    nearest = f + 1;
  }
  if (rounding < 0.5) {
    f = nearest;
  } else if (rounding > 1.5) {
    if (rest * 16777216 > draw) {
      f = f + 1;
      if (f * inverseUnit * p > max) f = nearest;
    }
  }
  let r = f * inverseUnit * p;
  if (r < smallest) {
    r = smallest;
  }
  if (r > max) {
    if (overflow < 0.5 || (rounding > 0.5 && rounding < 1.5 && a <= 3.4028234663852886e38)) {
      r = max;
    } else {
      r = r * 1.7e38 * 1.7e38; // infinity
      if (overflow > 1.5) {
        r = r - r;
        r = r / r; // NaN, also where doubles hold the product
      }
    }
  }
  if (overflow < -0.5) {
    if (!(r <= max)) {
      r = max;
    }
  }
  if (x < 0) {
    if (unsigned > 0.5) {
      r = (r + 1) * 1.7e38 * 1.7e38;
      r = r - r;
      r = r / r;
    }
    r = -r;
  }
  return r;
}

export const ROUNDINGS: Readonly<Record<Rounding, number>> = {
  'nearest-even': 0,
  'toward-zero': 1,
  stochastic: 2,
};

/** The constants of `roundToGrid` for a format; all of them are floats. */
export function gridConstants(format: Format, overflow: Overflow): Readonly<Record<string, number>> {
  const unit = 2 ** format.mantissaBits;
  const special = format.hasInfinity ? 1 : 2;
  return {
    minNormal: format.minNormal,
    inverseMinNormal: 1 / format.minNormal,
    unit,
    inverseUnit: 1 / unit,
    max: format.max,
    smallest: format === E8M0 ? format.minNormal : 0,
    unsigned: format.signed ? 0 : 1,
    overflow: format.nan === 'none' ? -1 : overflow === 'saturate' ? 0 : special,
  };
}

export const GRID_FLOATS = [
  'minNormal',
  'inverseMinNormal',
  'unit',
  'inverseUnit',
  'max',
  'smallest',
  'unsigned',
  'overflow',
] as const;

/** What a kernel that calls `roundToGrid` reads. */
export type GridConstant = (typeof GRID_FLOATS)[number] | 'rounding';
