import { OctavoError } from '@octavo/formats';
import { expect, it } from 'vitest';
import { solveSymmetric } from '../src/training/ageing.ts';

it('solves a case by hand', () => {
  expect([...solveSymmetric(Float64Array.of(4, 2, 2, 3), Float64Array.of(2, 1))]).toEqual([0.5, 0]);
});

it('solves the textbook matrix whose factor is [2], [6, 1], [-8, 5, 3]', () => {
  const matrix = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
  const x = solveSymmetric(matrix, Float64Array.of(-20, -43, 192));
  for (const [i, expected] of [1, 2, 3].entries()) expect(x[i]).toBeCloseTo(expected, 10);
});

it('refuses a matrix that is not positive definite', () => {
  expect(() => solveSymmetric(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1))).toThrow(OctavoError);
});
