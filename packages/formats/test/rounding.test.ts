/** @file Every tie, every neighbour and everything beyond, in all deterministic modes, scalar and array. */
import { describe, expect, test } from 'vitest';
import {
  decode,
  E2M1,
  E4M3,
  E4M3FN,
  E4M3FNUZ,
  E5M2,
  E8M0,
  encode,
  encodeArray,
  type Format,
  FP32,
  formats,
  type Overflow,
  round,
} from '../src/index.ts';
import { around, expectedCode, grid, LAYOUTS, randomFloats } from './support/oracle.ts';

const ROUNDINGS = ['nearest-even', 'toward-zero'] as const;
const OVERFLOWS = ['saturate', 'special'] as const;

/** Grid values and midpoints of neighbours, each with the float32 on either side, and edges of float32; both signs. */
function interesting(name: string): Float32Array {
  const values = grid(name);
  const points: number[] = [
    0,
    2 ** -149,
    3 * 2 ** -149,
    2 ** -127,
    2 ** -126,
    3.4028234663852886e38,
    Number.POSITIVE_INFINITY,
  ];
  for (let code = 1; code < values.length; code++) {
    points.push(...around(values[code]!), ...around((values[code - 1]! + values[code]!) / 2));
  }
  for (let beyond = values.at(-1)!; beyond < 2 ** 127; beyond *= 4) points.push(...around(beyond * 1.3));
  return Float32Array.from([...points, ...points.map((x) => -x), Number.NaN]);
}

function check(
  format: Format,
  inputs: Float32Array,
  rounding: (typeof ROUNDINGS)[number],
  overflow: Overflow,
): void {
  const array = encodeArray(format, inputs, undefined, { rounding, overflow });
  inputs.forEach((x, i) => {
    const expected = expectedCode(format.name, x, rounding, overflow);
    const actual = encode(format, x, { rounding, overflow });
    const value = round(format, x, rounding, overflow);
    if (actual !== expected || array[i] !== expected || !Object.is(value, decode(format, expected))) {
      expect({ x, code: actual, array: array[i], value }).toEqual({
        x,
        code: expected,
        array: expected,
        value: decode(format, expected),
      });
    }
  });
}

describe.each(Object.keys(LAYOUTS))('%s', (name) => {
  const format = formats[name]!;
  const inputs = interesting(name);

  describe.each(ROUNDINGS)('%s', (rounding) => {
    test.each(OVERFLOWS)('%s', (overflow) => check(format, inputs, rounding, overflow));
  });

  test('float32 subnormals and tiny numbers', () => {
    const tiny = randomFloats(20_000, [-127, -100]);
    for (const rounding of ROUNDINGS) check(format, tiny, rounding, 'special');
  });

  test('doubles are rounded once', () => {
    const values = grid(name);
    for (let code = 1; code < Math.min(values.length - 1, 300); code++) {
      const tie = (values[code - 1]! + values[code]!) / 2;
      const above = tie * (1 + 2 ** -50); // float32 would round it to the tie
      expect(encode(format, above)).toBe(code);
      expect(encode(format, tie * (1 - 2 ** -50))).toBe(code - 1);
    }
  });
});

describe('what the specifications say in words', () => {
  test('E4M3FN: 464 is a tie that stays, what lies above is NaN or 448', () => {
    expect(round(E4M3FN, 464, 'nearest-even', 'special')).toBe(448);
    expect(round(E4M3FN, 464.00003, 'nearest-even', 'special')).toBeNaN();
    expect(round(E4M3FN, 464.00003)).toBe(448);
    expect(round(E4M3FN, Number.NEGATIVE_INFINITY)).toBe(-448);
    expect(round(E4M3FN, Number.NEGATIVE_INFINITY, 'nearest-even', 'special')).toBeNaN();
  });

  test('E5M2 and IEEE-like E4M3: the tie above the largest value is infinite', () => {
    expect(round(E5M2, 61440, 'nearest-even', 'special')).toBe(Number.POSITIVE_INFINITY);
    expect(round(E5M2, 61439.996, 'nearest-even', 'special')).toBe(57344);
    expect(round(E4M3, -248, 'nearest-even', 'special')).toBe(Number.NEGATIVE_INFINITY);
    expect(round(E4M3, -248)).toBe(-240);
  });

  test('rounding a finite number toward zero never overflows', () => {
    expect(round(E5M2, 1e30, 'toward-zero', 'special')).toBe(57344);
    expect(round(E4M3FN, -1e30, 'toward-zero', 'special')).toBe(-448);
    expect(round(E5M2, Number.POSITIVE_INFINITY, 'toward-zero', 'special')).toBe(Number.POSITIVE_INFINITY);
  });

  test('zero keeps its sign where the format has both', () => {
    expect(round(E4M3FN, -0)).toBe(-0);
    expect(round(E4M3FN, -1e-9)).toBe(-0);
    expect(encode(E4M3FN, -1e-9)).toBe(0x80);
    expect(round(E4M3FNUZ, -0)).toBe(0);
    expect(encode(E4M3FNUZ, -1e-9)).toBe(0);
  });

  test('E2M1 has neither NaN nor infinity', () => {
    for (const overflow of OVERFLOWS) {
      expect(round(E2M1, Number.NaN, 'nearest-even', overflow)).toBe(6);
      expect(round(E2M1, Number.NEGATIVE_INFINITY, 'nearest-even', overflow)).toBe(-6);
      expect(round(E2M1, 7, 'nearest-even', overflow)).toBe(6);
    }
    expect(round(E2M1, 5)).toBe(4);
    expect(round(E2M1, 0.25)).toBe(0);
    expect(round(E2M1, 0.75)).toBe(1);
  });
});

describe('e8m0', () => {
  test.each([
    [0, 2 ** -127],
    [-0, 2 ** -127],
    [2 ** -149, 2 ** -127],
    [2 ** -128, 2 ** -127],
    [1.25 * 2 ** -127, 2 ** -127],
    [1.5 * 2 ** -127, 2 ** -126],
    [1, 1],
    [1.4999999, 1],
    [1.5, 2],
    [3, 4],
    [2.9999998, 2],
    [6, 8],
    [1.4 * 2 ** 127, 2 ** 127],
    [1.5 * 2 ** 127, 2 ** 127],
    [Number.POSITIVE_INFINITY, 2 ** 127],
    [Number.NaN, Number.NaN],
    [-1, Number.NaN],
    [Number.NEGATIVE_INFINITY, Number.NaN],
  ])('%d becomes %d', (x, expected) => {
    expect(round(E8M0, x)).toBe(expected);
    expect(decode(E8M0, encodeArray(E8M0, Float32Array.of(x))[0]!)).toBe(expected);
  });

  test('toward zero and special', () => {
    expect(round(E8M0, 3.9, 'toward-zero')).toBe(2);
    expect(round(E8M0, 1e-45, 'toward-zero')).toBe(2 ** -127);
    expect(round(E8M0, 1.5 * 2 ** 127, 'nearest-even', 'special')).toBeNaN();
    expect(round(E8M0, 1.99 * 2 ** 127, 'toward-zero', 'special')).toBe(2 ** 127);
  });
});

test('FP32 changes no float32 but infinity, when saturating', () => {
  const values = Float32Array.of(1.1, -0, 2 ** -149, 3.4028234663852886e38, -(2 ** -130));
  for (const x of values) expect(round(FP32, x)).toBe(x);
  expect(round(FP32, 0.1)).toBe(Math.fround(0.1));
  expect(round(FP32, Number.POSITIVE_INFINITY)).toBe(3.4028234663852886e38);
  expect(round(FP32, 1e39, 'nearest-even', 'special')).toBe(Number.POSITIVE_INFINITY);
});
