/** @file Names, nibbles, errors. */
import { expect, test } from 'vitest';
import { E4M3FN, formatOf, formats, OctavoError, packNibbles, unpackNibbles } from '../src/index.ts';

test('formats by name', () => {
  for (const [name, format] of Object.entries(formats)) expect(formatOf(name)).toBe(format);
  expect(formatOf('e4m3fn')).toBe(E4M3FN);
  expect(() => formatOf('fp8')).toThrow(
    '[formats] unknown format: got "fp8", expected one of e4m3fn, e4m3, e5m2,',
  );
  expect(() => formatOf('toString')).toThrow(OctavoError);
  try {
    formatOf('');
  } catch (error) {
    expect(OctavoError.is(error) && error.exitCode).toBe(2);
  }
});

test('nibbles: the first code in the low half', () => {
  expect([...packNibbles(Uint8Array.of(0x1, 0x2, 0xf))]).toEqual([0x21, 0x0f]);
  expect([...unpackNibbles(Uint8Array.of(0x21, 0x0f), 3)]).toEqual([1, 2, 15]);
  expect([...unpackNibbles(Uint8Array.of(0x21))]).toEqual([1, 2]);
  const all = Uint8Array.from({ length: 512 }, (_, i) => (i % 2 ? i >> 5 : (i >> 1) & 15));
  expect(unpackNibbles(packNibbles(all))).toEqual(all);
  const target = new Uint8Array(256);
  expect(packNibbles(all, target)).toBe(target);
});

test('nibbles refused', () => {
  expect(() => packNibbles(Uint8Array.of(1, 16))).toThrow('nibble at 1: got 16, expected at most 15');
  expect(() => packNibbles(Uint8Array.of(1, 2), new Uint8Array(2))).toThrow(OctavoError);
  expect(() => unpackNibbles(Uint8Array.of(1), 3)).toThrow('got 1 bytes for 3 codes, expected 2 bytes');
});

test('an error of another copy of the package is recognised', () => {
  const foreign = Object.defineProperty(new Error('x'), Symbol.for('octavo.error'), { value: true });
  expect(OctavoError.is(foreign)).toBe(true);
  expect(OctavoError.is(new Error('x'))).toBe(false);
  expect(new OctavoError('a', { cause: foreign }).cause).toBe(foreign);
});
