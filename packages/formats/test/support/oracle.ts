/**
 * @file What a cast must give, found the slow way: list a format's magnitudes by addition, look the number up among
 * them, compare distances. Shares nothing with the code under test, not even the format's description.
 */
import type { Format } from '../../src/index.ts';

export interface Layout {
  readonly mantissa: number;
  /** The smallest subnormal, and the step up to twice the smallest normal. */
  readonly unit: number;
  readonly maxCode: number;
  readonly infinity: number | null;
  readonly nan: number | null;
  readonly sign: number;
  readonly negativeZero: boolean;
}

/** Written down from the specifications, in codes. */
export const LAYOUTS: Readonly<Record<string, Layout>> = {
  e4m3fn: {
    mantissa: 3,
    unit: 1 / 512,
    maxCode: 0x7e,
    infinity: null,
    nan: 0x7f,
    sign: 0x80,
    negativeZero: true,
  },
  e4m3: {
    mantissa: 3,
    unit: 1 / 512,
    maxCode: 0x77,
    infinity: 0x78,
    nan: 0x7c,
    sign: 0x80,
    negativeZero: true,
  },
  e5m2: {
    mantissa: 2,
    unit: 1 / 65536,
    maxCode: 0x7b,
    infinity: 0x7c,
    nan: 0x7e,
    sign: 0x80,
    negativeZero: true,
  },
  e4m3fnuz: {
    mantissa: 3,
    unit: 1 / 1024,
    maxCode: 0x7f,
    infinity: null,
    nan: 0x80,
    sign: 0x80,
    negativeZero: false,
  },
  e5m2fnuz: {
    mantissa: 2,
    unit: 1 / 131072,
    maxCode: 0x7f,
    infinity: null,
    nan: 0x80,
    sign: 0x80,
    negativeZero: false,
  },
  e2m1: { mantissa: 1, unit: 0.5, maxCode: 7, infinity: null, nan: null, sign: 8, negativeZero: true },
  bf16: {
    mantissa: 7,
    unit: 2 ** -133,
    maxCode: 0x7f7f,
    infinity: 0x7f80,
    nan: 0x7fc0,
    sign: 0x8000,
    negativeZero: true,
  },
  fp16: {
    mantissa: 10,
    unit: 2 ** -24,
    maxCode: 0x7bff,
    infinity: 0x7c00,
    nan: 0x7e00,
    sign: 0x8000,
    negativeZero: true,
  },
};

const grids = new Map<string, Float64Array>();

/** Magnitudes by code, from 0 to one step beyond the largest: the step doubles every 2^mantissa codes after the first two rounds. */
export function grid(name: string): Float64Array {
  const found = grids.get(name);
  if (found) return found;
  const { mantissa, unit, maxCode } = LAYOUTS[name]!;
  const round = 1 << mantissa;
  const values = new Float64Array(maxCode + 2);
  let step = unit;
  for (let code = 1; code < values.length; code++) {
    if (code > 2 * round && (code - 1) % round === 0) step *= 2;
    values[code] = values[code - 1]! + step;
  }
  grids.set(name, values);
  return values;
}

/** Largest code whose magnitude is at most `magnitude`. */
function below(values: Float64Array, magnitude: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle]! <= magnitude) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The code a cast of `x` must give. */
export function expectedCode(
  name: string,
  x: number,
  rounding: 'nearest-even' | 'toward-zero',
  overflow: 'saturate' | 'special',
): number {
  const { maxCode, infinity, nan, sign, negativeZero } = LAYOUTS[name]!;
  if (Number.isNaN(x)) return nan ?? maxCode;
  const negative = x < 0 || Object.is(x, -0);
  const give = (code: number) => (negative && (code !== 0 || negativeZero) ? code + sign : code);
  const tooLarge = () => {
    if (overflow === 'saturate') return give(maxCode);
    if (infinity !== null) return give(infinity);
    return nan ?? give(maxCode);
  };
  const magnitude = Math.abs(x);
  if (magnitude === Number.POSITIVE_INFINITY) return tooLarge();
  const values = grid(name);
  const low = below(values, magnitude);
  if (rounding === 'toward-zero') return give(Math.min(low, maxCode));
  if (low > maxCode) return tooLarge();
  const toLow = magnitude - values[low]!;
  const toHigh = values[low + 1]! - magnitude;
  const code = toLow < toHigh || (toLow === toHigh && low % 2 === 0) ? low : low + 1;
  return code > maxCode ? tooLarge() : give(code);
}

const value = new Float32Array(1);
const bits = new Int32Array(value.buffer);

/** The float32 numbers next to a positive one, and itself. */
export function around(x: number): [number, number, number] {
  value[0] = x;
  const at = bits[0]!;
  bits[0] = at - 1;
  const lower = value[0];
  bits[0] = at + 1;
  return [lower, Math.fround(x), value[0]];
}

/** All float32 bit patterns, evenly: every call gives another. A Weyl sequence through a finaliser (MurmurHash3's). */
export function randomBits(length: number, start = 0): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => {
    let x = Math.imul(i + start + 1, 0x9e3779b9);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return x ^ (x >>> 16);
  });
}

/** Random float32 numbers with exponents in a range, either sign. */
export function randomFloats(length: number, exponents: readonly [number, number], start = 0): Float32Array {
  const [low, high] = exponents;
  const pattern = randomBits(length, start);
  const pick = randomBits(length, start + 0x1000000);
  for (let i = 0; i < length; i++) {
    const exponent = Math.min(254, Math.max(0, 127 + low + (pick[i]! % (high - low + 1))));
    pattern[i] = (pattern[i]! & 0x807fffff) | (exponent << 23);
  }
  return new Float32Array(pattern.buffer);
}

/** Exponents of interest of a format: from far below its smallest value to well above its largest. */
export function exponentRange(format: Format): [number, number] {
  return [Math.floor(Math.log2(format.minSubnormal)) - 4, Math.ceil(Math.log2(format.max)) + 2];
}
