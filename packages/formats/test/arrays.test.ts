/** @file Arrays against scalars on millions of float32 of every kind; scales, targets, refusals. */
import { describe, expect, test } from 'vitest';
import {
  BF16,
  counterRandom,
  createCodes,
  decode,
  decodeArray,
  E2M1,
  E4M3FN,
  E5M2,
  encode,
  encodeArray,
  FP16,
  FP32,
  formats,
  OctavoError,
  roundArray,
} from '../src/index.ts';
import { exponentRange, randomBits, randomFloats } from './support/oracle.ts';

const PART = 1 << 17;

describe.each(Object.values(formats))('$name', (format) => {
  test('1.5 million mixed bit patterns: array equals scalar under all modes', { tags: 'slow' }, () => {
    let start = 0;
    for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
      for (const overflow of ['saturate', 'special'] as const) {
        const anything = new Float32Array(randomBits(PART, start).buffer);
        const inRange = randomFloats(PART, exponentRange(format), start);
        for (const source of [anything, inRange]) {
          const codes = encodeArray(format, source, undefined, {
            rounding,
            overflow,
            seed: start,
            offset: 5,
          });
          for (let i = 0; i < PART; i++) {
            const random = rounding === 'stochastic' ? counterRandom(start, 5 + i) : 0;
            const expected = encode(format, source[i]!, { rounding, overflow, random });
            if (codes[i] !== expected)
              expect([source[i], rounding, overflow, codes[i]]).toEqual([
                source[i],
                rounding,
                overflow,
                expected,
              ]);
          }
        }
        start += PART;
      }
    }
  });

  test('decoding any codes, with and without a scale', () => {
    const codes = createCodes(format, PART);
    const pattern = randomBits(PART, 99);
    for (let i = 0; i < PART; i++)
      codes[i] = format.bits === 32 ? pattern[i]! : pattern[i]! % 2 ** format.bits;
    const plain = decodeArray(format, codes);
    const scaled = decodeArray(format, codes, undefined, { scale: 0.7 });
    const scale = Math.fround(0.7);
    for (let i = 0; i < PART; i++) {
      const value = decode(format, codes[i]!);
      if (!Object.is(plain[i], value)) expect(plain[i]).toBe(value);
      if (!Object.is(scaled[i], Math.fround(value / scale)))
        expect(scaled[i]).toBe(Math.fround(value / scale));
    }
  });

  test('the scale multiplies in float32 before the cast', () => {
    const source = randomFloats(20_000, exponentRange(format), 7);
    for (const scale of [0.3, 1024, 2 ** -20]) {
      const codes = encodeArray(format, source, undefined, { scale });
      const expected = encodeArray(
        format,
        source.map((x) => x * Math.fround(scale)),
      );
      expect(codes).toEqual(expected);
      expect(roundArray(format, source, undefined, { scale })).toEqual(
        decodeArray(format, codes, undefined, { scale }),
      );
    }
  });
});

test('targets are written and returned', () => {
  const source = Float32Array.of(1, -2, 500);
  const bytes = new Uint8Array(3);
  expect(encodeArray(E4M3FN, source, bytes)).toBe(bytes);
  expect([...bytes]).toEqual([0x38, 0xc0, 0x7e]);
  const values = new Float32Array(3);
  expect(decodeArray(E4M3FN, bytes, values)).toBe(values);
  expect([...values]).toEqual([1, -2, 448]);
  expect(roundArray(E4M3FN, source, source)).toBe(source);
  expect([...source]).toEqual([1, -2, 448]);
});

test('views that begin inside a buffer', () => {
  const source = Float32Array.of(9, 1, 2, 3).subarray(1);
  const values = new Float32Array(4);
  for (const format of [E5M2, BF16, FP16, FP32]) {
    decodeArray(format, encodeArray(format, source), values.subarray(1));
    expect([...values]).toEqual([0, 1, 2, 3]);
  }
});

test('empty arrays', () => {
  expect(encodeArray(E4M3FN, new Float32Array(0), undefined, { scale: 2 })).toHaveLength(0);
  expect(decodeArray(E4M3FN, new Uint8Array(0))).toHaveLength(0);
});

test('containers fit their formats', () => {
  expect(createCodes(E2M1, 2)).toBeInstanceOf(Uint8Array);
  expect(createCodes(FP16, 2)).toBeInstanceOf(Uint16Array);
  expect(createCodes(FP32, 2)).toBeInstanceOf(Uint32Array);
});

describe('is refused', () => {
  const source = new Float32Array(4);
  test.each([
    [
      'a target of another length',
      () => encodeArray(E4M3FN, source, new Uint8Array(3)),
      'got 3 elements, expected 4',
    ],
    [
      'a target of another width',
      () => encodeArray(E4M3FN, source, new Uint16Array(4)),
      'got Uint16Array, expected Uint8Array',
    ],
    [
      'codes of another width',
      () => decodeArray(FP16, new Uint8Array(4)),
      'got Uint8Array, expected Uint16Array',
    ],
    [
      'a short target of values',
      () => decodeArray(E4M3FN, new Uint8Array(4), new Float32Array(5)),
      'got 5 elements, expected 4',
    ],
    ['scale 0', () => encodeArray(E4M3FN, source, undefined, { scale: 0 }), 'scale: got 0'],
    [
      'a negative scale',
      () => decodeArray(E4M3FN, new Uint8Array(4), undefined, { scale: -1 }),
      'scale: got -1',
    ],
    ['scale NaN', () => roundArray(E4M3FN, source, undefined, { scale: Number.NaN }), 'scale: got NaN'],
    [
      'a scale beyond float32',
      () => encodeArray(E4M3FN, source, undefined, { scale: 1e39 }),
      'scale: got 1e+39',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(OctavoError);
    expect(run).toThrow(message);
  });
});
