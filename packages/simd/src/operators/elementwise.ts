/** @file Launches of the operators that work element by element. */
import { matrixShape, type NoAttributes } from '@octavo/kernels';
import * as kernel from '../generated/kernels.ts';
import type { Launch } from './launch.ts';
import { runFlat, runRows } from './parameters.ts';

const elementwise =
  (which: number): Launch<NoAttributes> =>
  (engine, _, [a, b], [out]) =>
    runFlat(engine, kernel.ELEMENTWISE, [a, b, out], out.length, which);

export const add = elementwise(0);
export const subtract = elementwise(1);
export const multiply = elementwise(2);

/** Rows times factors; `more` is what else the kernel is told. */
const byRows =
  (number: number, ...more: readonly number[]): Launch<NoAttributes> =>
  (engine, _, [x, s], [out]) =>
    runRows(engine, number, [x, s, out], matrixShape(x!.shape), { more });

export const scaleRows = byRows(kernel.SCALE_ROWS, 1);
/** One factor for all rows. */
export const scaleBy = byRows(kernel.SCALE_ROWS, 0);
export const scaleColumns = byRows(kernel.SCALE_COLUMNS);
