/** @file When a computed matrix is right: within one step of its format of the exact one, and mostly equal to it. */
import type { Format } from '@octavo/formats';
import { expect } from 'vitest';
import type { Matrix, Sum } from './matrix.ts';
import { nearest, step } from './rounding.ts';

/** Share of Σ |terms| that a float32 sum of tens of terms may lose: 32 roundings all one way. */
const FLOAT32_SUM = 2 ** -19;
/** Near the end of float32's normal numbers a factor may have vanished (e^−g beyond its largest, subnormals flushed). */
const VANISHED = 2 ** -110;

/**
 * `got` lies within one step of `format` of `exact`, a float32 sum's error (a share of `terms`) apart; and at most one
 * in twenty is off by that step, since two roundings of numbers this close seldom differ.
 */
export function expectWithinOneStep(
  what: string,
  format: Format,
  got: Matrix,
  { value: exact, terms }: Sum,
): void {
  expect([got.rows, got.columns], what).toEqual([exact.rows, exact.columns]);
  let off = 0;
  for (let i = 0; i < got.data.length; i++) {
    const [is, wanted] = [got.data[i]!, exact.data[i]!];
    const rounded = nearest(format, wanted);
    const error = FLOAT32_SUM * terms.data[i]! + VANISHED;
    const allowed = Math.max(step(format, is), step(format, rounded)) + error;
    if (!(Math.abs(is - rounded) <= allowed))
      expect.fail(
        `${what}, element ${i}: got ${is}, expected ${rounded} within ${allowed} (exact: ${wanted})`,
      );
    if (Math.abs(is - wanted) > step(format, wanted) / 2 + error) off++;
  }
  if (off > 0.05 * got.data.length)
    expect.fail(
      `${what}: ${off} of ${got.data.length} elements are not the nearest value, expected at most one in twenty`,
    );
}
