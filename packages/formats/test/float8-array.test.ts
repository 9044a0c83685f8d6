/** @file Float8Array against a typed array of the rounded numbers. */
import { expect, test } from 'vitest';
import { E2M1, E4M3FN, E5M2, Float8Array, FP16, OctavoError, round } from '../src/index.ts';

test('from, iteration, get and at', () => {
  const array = Float8Array.from(E4M3FN, [1, 1.06, -300, 0.1, 1e6]);
  const expected = [1, 1, -288, round(E4M3FN, 0.1), 448];
  expect([...array]).toEqual(expected);
  expect(array.length).toBe(5);
  expect(array.byteLength).toBe(5);
  expect(expected.map((_, i) => array.get(i))).toEqual(expected);
  expect(array.at(-1)).toBe(448);
  expect(array.at(5)).toBeUndefined();
  expect([...Float8Array.from(E5M2, new Set([3, 4]))]).toEqual([3, 4]);
  expect([...Float8Array.from(E5M2, Float32Array.of(1e9), { overflow: 'special' })]).toEqual([
    Number.POSITIVE_INFINITY,
  ]);
});

test('set one, set many, fill', () => {
  const array = new Float8Array(E5M2, 6);
  expect([...array]).toEqual([0, 0, 0, 0, 0, 0]);
  array.set(0, 1.2);
  array.set([2, 3, 4], 1);
  array.set(Float32Array.of(-7), 5);
  expect([...array]).toEqual([1.25, 2, 3, 4, 0, -7]);
  array.set(0, 1.2, { rounding: 'toward-zero' });
  expect(array.get(0)).toBe(1);
  array.set(Float8Array.from(E4M3FN, [0.5, 0.25]).toFloat32Array());
  expect(array.fill(8, 2, -1)).toBe(array);
  expect([...array]).toEqual([0.5, 0.25, 8, 8, 8, -7]);
});

test('subarray shares memory, slice does not, codes are the memory', () => {
  const array = Float8Array.from(E4M3FN, [1, 2, 3, 4]);
  const part = array.subarray(1, 3);
  part.set(0, -1);
  array.slice(2).set(0, 99);
  expect([...array]).toEqual([1, -1, 3, 4]);
  array.codes[3] = 0x7e;
  expect(array.at(3)).toBe(448);
  expect(new Float8Array(E4M3FN, array.codes).codes).toBe(array.codes);
});

test('a scale is the caller’s', () => {
  const array = Float8Array.from(E4M3FN, [0.001, -0.002], { scale: 1000 });
  expect([...array]).toEqual([1, -2]);
  expect(array.toFloat32Array({ scale: 1000 })).toEqual(Float32Array.of(0.001, -0.002));
  const target = new Float32Array(2);
  expect(array.toFloat32Array({ target })).toBe(target);
});

test('E2M1, one code a byte', () => {
  expect([...Float8Array.from(E2M1, [5.1, -0.4]).codes]).toEqual([7, 9]);
});

test('refusals', () => {
  const array = new Float8Array(E4M3FN, 3);
  expect(() => new Float8Array(FP16, 3)).toThrow('got format fp16 of 16 bits, expected at most 8');
  for (const index of [-1, 3, 0.5]) expect(() => array.get(index)).toThrow(OctavoError);
  expect(() => array.set(3, 1)).toThrow('got 3, expected an integer from 0 to 2');
  expect(() => array.set([1, 2], 2)).toThrow('got 2 values at 2, expected them to fit 3 elements');
  expect(() => array.toFloat32Array({ target: new Float32Array(2) })).toThrow(OctavoError);
});
