/** @file Numbers of 53 bits are rounded once, and arrays that a function cannot read are refused, in every public function of arrays. */
import { describe, expect, test } from 'vitest';
import {
  castError,
  counterRandom,
  createCodes,
  decode,
  decodeArray,
  E2M1,
  E4M3FN,
  encode,
  encodeArray,
  Float8Array,
  formats,
  OctavoError,
  packNibbles,
  round,
  roundArray,
  unpackNibbles,
} from '../src/index.ts';

/** Every tie between neighbours, and doubles beside it that are the tie itself in float32. */
function nearTies(format: (typeof formats)[keyof typeof formats]): Float64Array {
  const ties: number[] = [];
  for (let i = 0; i < 200; i++) {
    const code = Math.floor((encode(format, format.max) * i) / 200);
    const tie = (decode(format, code) + decode(format, code + 1)) / 2;
    if (Number.isFinite(tie)) for (const nudge of [0, 2 ** -30, -(2 ** -30)]) ties.push(tie * (1 + nudge));
  }
  return Float64Array.from(ties);
}

describe.each(Object.values(formats))('$name', (format) => {
  test('doubles beside every tie: arrays equal scalars, from any kind of list', () => {
    const values = nearTies(format);
    for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
      const expected = Array.from(values, (x, i) =>
        encode(format, x, { rounding, random: counterRandom(3, i) }),
      );
      for (const source of [values, Array.from(values)])
        expect([...encodeArray(format, source, undefined, { rounding, seed: 3 })]).toEqual(expected);
    }
    const rounded = Float32Array.from(values, (x) => round(format, x));
    expect(roundArray(format, values)).toEqual(rounded);
    const mse = values.reduce((sum, x, i) => sum + (x - rounded[i]!) ** 2, 0) / values.length;
    expect(castError(format, values).mse).toBe(mse);
    if (format.bits > 8) return;
    const array = new Float8Array(format, values.length);
    array.set(values);
    expect(array.toFloat32Array()).toEqual(rounded);
    expect(Float8Array.from(format, new Set(values)).length).toBe(new Set(values).size);
    values.forEach((x, i) => {
      array.set(i, x);
      expect(array.get(i)).toBe(round(format, x));
    });
  });
});

test('just above a tie goes up, by every door', () => {
  const x = 1.0625 + 2 ** -30;
  const array = new Float8Array(E4M3FN, 1);
  array.set([x]);
  expect(array.get(0)).toBe(1.125);
  array.set(0, x);
  expect(array.get(0)).toBe(1.125);
  expect(array.fill(0).fill(x).get(0)).toBe(1.125);
  expect(Float8Array.of(E4M3FN, x, -x).map((v) => v - 0.0625 + 2 ** -30)).toEqual(
    Float8Array.from(E4M3FN, Float64Array.of(x, -1.125)),
  );
  expect([...encodeArray(E4M3FN, [x / 3], undefined, { scale: 3 })]).toEqual([encode(E4M3FN, 1.125)]);
  array.set(Float8Array.of(E4M3FN, 5));
  expect(array.get(0)).toBe(5);
});

describe('is refused', () => {
  const codes = new Uint8Array(2);
  const cases: [string, () => unknown, string][] = [
    [
      'values that are no numbers',
      () => encodeArray(E4M3FN, ['1'] as never),
      'got string, expected a number',
    ],
    ['big integers', () => encodeArray(E4M3FN, BigInt64Array.of(1n) as never), 'got bigint'],
    ['a list with a hole', () => castError(E4M3FN, new Array(1)), 'got undefined, expected a number'],
    [
      'signed codes',
      () => decodeArray(E4M3FN, new Int8Array(2) as never),
      'got Int8Array, expected Uint8Array',
    ],
    ['a list as codes', () => decodeArray(E4M3FN, [1, 2] as never), 'got Array, expected Uint8Array'],
    [
      'a target of doubles',
      () => decodeArray(E4M3FN, codes, new Float64Array(2) as never),
      'target of values: got Float64Array, expected Float32Array',
    ],
    [
      'a target of doubles for rounded values',
      () => roundArray(E4M3FN, [1, 2], new Float64Array(2) as never),
      'got Float64Array, expected Float32Array',
    ],
    ['values as codes', () => new Float8Array(E4M3FN, new Float32Array(2) as never), 'got Float32Array'],
    ['values as nibbles', () => packNibbles(Float32Array.of(1, 2) as never), 'got Float32Array'],
    ['values as bytes', () => unpackNibbles(Float32Array.of(1) as never), 'got Float32Array'],
  ];
  test.each(cases)('%s', (_, run, message) => {
    expect(run).toThrow(OctavoError);
    expect(run).toThrow(message);
  });

  test('but a Buffer is a Uint8Array', () => {
    expect([...decodeArray(E4M3FN, Buffer.from([0x38]))]).toEqual([1]);
    expect([...encodeArray(E2M1, [6], Buffer.alloc(1))]).toEqual([7]);
    expect(createCodes(E2M1, 1)).toHaveLength(1);
  });
});
