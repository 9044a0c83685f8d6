// @module-tag slow
import {
  BF16,
  E2M1,
  E4M3,
  E4M3FN,
  E4M3FNUZ,
  E5M2,
  E5M2FNUZ,
  type Format,
  FP16,
  FP32,
  valuesOf,
} from '@octavo/formats';
import { gemm } from '@octavo/kernels';
import { describe, expect, test } from 'vitest';
import { createSimdDevice, type InstructionSet, instructionSet } from '../src/index.ts';
import { compute, given, input } from './support.ts';

const sets: readonly InstructionSet[] = [...new Set<InstructionSet>(['simd128', instructionSet()])];
const formats: readonly Format[] = [FP32, BF16, FP16, E4M3FN, E5M2, E2M1];
const shapes = [
  [16, 8],
  [17, 24],
  [40, 288],
  [1000, 64],
  [33, 4104],
] as const;
const whole = 2 ** 30;
const unblocked = { aBlockRows: whole, aBlockColumns: whole, bBlockRows: whole, bBlockColumns: whole };
const blocks = [
  ['none', null],
  ['one', [whole, whole]],
  ['a row of B', [1, whole]],
  ['blocks along K', [16, 8]],
] as const;

describe.each(sets)('one row of A on %s: the bits of a product of more rows', (set) => {
  for (const format of formats) {
    test.each(blocks)(`${format.name}, scales: %s`, async (_, block) => {
      const device = await createSimdDevice({ threads: 2, instructionSet: set });
      for (const [n, k] of shapes) {
        const a = input([1, k], 1, BF16);
        const b = input([n, k], 2, format);
        const [rows, columns] = block ?? [whole, whole];
        const of = [Math.ceil(n / rows), Math.ceil(k / columns)] as const;
        const scale = given(
          of,
          Array.from({ length: of[0] * of[1] }, (_, i) => 1 + (i % 5) / 3),
        );
        const how = {
          ...{ transposeA: false, transposeB: true, scaledA: false, scaledB: block !== null },
          ...{ aBlockRows: whole, aBlockColumns: whole, bBlockRows: rows, bBlockColumns: columns },
        };
        const twice = given([2, k], [...a.values, ...a.values], BF16);
        const rest = block ? [b, scale] : [b];
        const one = await compute(device, gemm, how, [a, ...rest]);
        const two = await compute(device, gemm, how, [twice, ...rest]);
        expect(one, `${n} × ${k}`).toEqual(two.slice(0, n));
        expect(one.some((x) => x !== 0)).toBe(true);
      }
      await device.destroy();
    });
  }
});

/** Codes of one byte are moved into place by shifts and A's row carries the power of two: every code, and any row. */
describe.each(sets)('one row of A times codes of one byte on %s', (set) => {
  const [n, k] = [48, 288];
  const rows = [
    ['of usual size', (i: number) => Math.sin(i)],
    ['of the largest codes', (i: number) => (i % 2 ? 448 : -416)],
    ['of tiny numbers', (i: number) => 2 ** -120 * Math.sin(i)],
    ['of large numbers', (i: number) => 2 ** 24 * Math.cos(i)],
    ['of huge numbers', (i: number) => (i === 7 ? 2 ** 100 : Math.cos(i))],
    ['with an infinite one', (i: number) => (i === 9 ? Number.POSITIVE_INFINITY : 1)],
    ['with NaN', (i: number) => (i === 9 ? Number.NaN : 1)],
  ] as const;
  test.each(rows)('%s', async (_, of) => {
    const device = await createSimdDevice({ threads: 2, instructionSet: set });
    for (const format of [E4M3FN, E4M3, E4M3FNUZ, E5M2, E5M2FNUZ]) {
      const every = valuesOf(format);
      const finite = [...every].filter(Number.isFinite);
      for (const values of [finite, [...every]]) {
        const b = given(
          [n, k],
          Array.from({ length: n * k }, (_, i) => values[(i * 7 + (i >> 8)) % values.length]!),
          format,
        );
        const a = Array.from({ length: k }, (_, i) => of(i));
        const how = { transposeA: false, transposeB: true, scaledA: false, scaledB: false, ...unblocked };
        const one = await compute(device, gemm, how, [given([1, k], a), b]);
        const two = await compute(device, gemm, how, [given([2, k], [...a, ...a]), b]);
        expect(one, format.name).toEqual(two.slice(0, n));
      }
    }
    await device.destroy();
  });
});
