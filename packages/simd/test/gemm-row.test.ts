// @module-tag slow
import { BF16, E2M1, E4M3FN, E5M2, type Format, FP16, FP32 } from '@octavo/formats';
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
