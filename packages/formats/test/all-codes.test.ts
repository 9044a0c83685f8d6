/** @file Every code of every format up to 16 bits, against values built by addition and a table of well-known codes. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  BF16,
  decode,
  decodeArray,
  E8M0,
  encode,
  encodeArray,
  FP16,
  formats,
  OctavoError,
  valuesOf,
} from '../src/index.ts';
import { grid, LAYOUTS } from './support/oracle.ts';

const known: Record<string, Record<string, number | string>> = JSON.parse(
  readFileSync(new URL('./known-codes.json', import.meta.url), 'utf8'),
);

describe.each(Object.entries(LAYOUTS))('%s', (name, layout) => {
  const format = formats[name]!;
  const codes = Array.from({ length: 2 ** format.bits }, (_, code) => code);

  test('decodes each code to the value the layout gives it', () => {
    const magnitudes = grid(name);
    for (const code of codes) {
      const magnitude = code % layout.sign;
      const negative = code >= layout.sign;
      let expected: number;
      if (!layout.negativeZero && code === layout.sign) expected = Number.NaN;
      else if (magnitude <= layout.maxCode) expected = magnitudes[magnitude]!;
      else expected = magnitude === layout.infinity ? Number.POSITIVE_INFINITY : Number.NaN;
      const actual = decode(format, code);
      if (!Object.is(actual, negative ? -expected : expected))
        expect([code, actual]).toEqual([code, negative ? -expected : expected]);
    }
  });

  test('encodes each value back to its code, NaN to the quiet one, under all modes', () => {
    for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
      for (const overflow of ['saturate', 'special'] as const) {
        for (const code of codes) {
          const value = decode(format, code);
          if (overflow === 'saturate' && Math.abs(value) === Number.POSITIVE_INFINITY) continue;
          const expected = Number.isNaN(value) ? layout.nan : code;
          const actual = encode(format, value, { rounding, overflow, random: 0 });
          if (actual !== expected)
            expect([code, rounding, overflow, actual]).toEqual([code, rounding, overflow, expected]);
        }
      }
    }
  });

  test('arrays say the same', () => {
    const all = format.bits <= 8 ? Uint8Array.from(codes) : Uint16Array.from(codes);
    const values = decodeArray(format, all);
    expect(values).toEqual(Float32Array.from(codes, (code) => decode(format, code)));
    expect(values).toEqual(valuesOf(format));
    const back = encodeArray(format, values, undefined, { overflow: 'special' });
    for (const code of codes) {
      const expected = Number.isNaN(values[code]!) ? layout.nan : code;
      if (back[code] !== expected) expect([code, back[code]]).toEqual([code, expected]);
    }
  });

  test('the description in the registry matches', () => {
    const magnitudes = grid(name);
    expect(format.max).toBe(magnitudes[layout.maxCode]);
    expect(format.minSubnormal).toBe(layout.unit);
    expect(format.minNormal).toBe(layout.unit * 2 ** layout.mantissa);
    expect(1 + format.exponentBits + format.mantissaBits).toBe(format.bits);
    expect(format.hasInfinity).toBe(layout.infinity !== null);
    expect(Object.isFrozen(format)).toBe(true);
  });
});

describe('well-known codes', () => {
  test('every format has some', () => expect(Object.keys(known).sort()).toEqual(Object.keys(formats).sort()));

  test.each(Object.entries(known))('%s', (name, table) => {
    const format = formats[name]!;
    for (const [code, text] of Object.entries(table)) {
      expect(decode(format, Number(code)), code).toBe(Number(text));
      if (text !== 'NaN')
        expect(encode(format, Number(text), { overflow: 'special' }), code).toBe(Number(code));
    }
  });
});

test('E8M0 is the powers of two from 2^-127 to 2^127, and NaN', () => {
  let power = 1 / 2 ** 127;
  for (let code = 0; code < 255; code++, power *= 2) {
    expect(decode(E8M0, code)).toBe(power);
    expect(encode(E8M0, power)).toBe(code);
  }
  expect(decode(E8M0, 255)).toBeNaN();
  expect(encode(E8M0, Number.NaN)).toBe(255);
});

test('BF16 is the upper half of a float32', () => {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  for (let code = 0; code < 65536; code++) {
    bits[0] = code * 65536;
    if (!Object.is(decode(BF16, code), value[0]))
      expect([code, decode(BF16, code)]).toEqual([code, value[0]]);
  }
});

test('a code that does not exist is refused', () => {
  for (const code of [-1, 256, 1.5, Number.NaN])
    expect(() => decode(formats.e5m2!, code)).toThrow(OctavoError);
  expect(() => decode(formats.e2m1!, 16)).toThrow(
    '[formats] e2m1 code: got 16, expected an integer from 0 to 15',
  );
  expect(() => decode(FP16, 65536)).toThrow('65535');
  expect(() => decodeArray(formats.e2m1!, Uint8Array.of(3, 17))).toThrow('code at 1: got 17');
  expect(() => valuesOf(formats.fp32!)).toThrow('at most 16');
});
