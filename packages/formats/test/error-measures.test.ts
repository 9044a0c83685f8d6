/** @file SQNR and what a cast loses, against numbers worked out by hand and theory. */
import { expect, test } from 'vitest';
import { castError, E2M1, E4M3FN, E5M2, E8M0, OctavoError, roundArray, sqnr } from '../src/index.ts';
import { randomBits } from './support/oracle.ts';

test('sqnr by hand', () => {
  expect(sqnr([3, 4], [3, 3])).toBeCloseTo(10 * Math.log10(25), 12);
  expect(sqnr(Float32Array.of(10), [9])).toBeCloseTo(20, 12);
  expect(sqnr([1, 2], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(sqnr([], [])).toBe(Number.POSITIVE_INFINITY);
  expect(sqnr([0], [1])).toBe(Number.NEGATIVE_INFINITY);
  expect(sqnr([Number.NaN], [1])).toBeNaN();
  expect(() => sqnr([1], [1, 2])).toThrow(OctavoError);
});

test('a uniform mantissa has the noise that theory gives', () => {
  // Within [1, 2), step 2^-m: noise step²/12, signal 7/3.
  const values = Float32Array.from(randomBits(1 << 17), (bits) => 1 + bits / 2 ** 32);
  for (const [format, mantissa] of [
    [E4M3FN, 3],
    [E5M2, 2],
  ] as const) {
    const expected = 10 * Math.log10(7 / 3 / (4 ** -mantissa / 12));
    expect(castError(format, values).sqnr).toBeCloseTo(expected, 1);
  }
});

test('what is clipped, what vanishes, what is not finite', () => {
  const values = Float32Array.of(
    500,
    -449,
    448,
    2 ** -10,
    -(2 ** -11),
    1.5 * 2 ** -10,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  );
  const error = castError(E4M3FN, values);
  expect(error).toMatchObject({
    count: 10,
    amax: 500,
    clipped: 2,
    clippedFraction: 0.2,
    underflowed: 2,
    underflowedFraction: 0.2,
    nonFinite: 2,
    nonFiniteFraction: 0.2,
  });
  const losses = [52, -1, 0, 2 ** -10, -(2 ** -11), -(2 ** -11), 0, 0];
  expect(error.mse).toBeCloseTo(losses.reduce((sum, e) => sum + e * e, 0) / 8, 9);
});

test('the scale moves the range, and amax is that of the values', () => {
  const values = Float32Array.of(1, 100, 0.001);
  const error = castError(E4M3FN, values, { scale: 4.48 });
  expect(error.amax).toBe(100);
  expect(error.clipped).toBe(0);
  expect(error.sqnr).toBeCloseTo(sqnr(values, roundArray(E4M3FN, values, undefined, { scale: 4.48 })), 12);
  expect(castError(E4M3FN, values, { scale: 2 ** 120 }).clipped).toBe(3);
  expect(castError(E4M3FN, values, { scale: 2 ** -30 }).underflowed).toBe(3);
});

test('special values are infinitely wrong, empty arrays are not wrong', () => {
  expect(castError(E5M2, Float32Array.of(1e6, 1), { overflow: 'special' })).toMatchObject({
    clipped: 1,
    mse: Number.POSITIVE_INFINITY,
    sqnr: Number.NEGATIVE_INFINITY,
  });
  expect(castError(E2M1, new Float32Array(0))).toMatchObject({
    count: 0,
    mse: 0,
    sqnr: Number.POSITIVE_INFINITY,
    clippedFraction: 0,
  });
  expect(castError(E2M1, Float32Array.of(Number.NaN))).toMatchObject({ nonFinite: 1, mse: 0, amax: 0 });
  expect(castError(E8M0, Float32Array.of(2 ** -130, 1)).underflowed).toBe(1);
});
