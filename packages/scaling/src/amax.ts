/** @file Largest magnitudes, block by block. */
import { OctavoError } from '@octavo/formats';
import { type BlockShape, checkMatrix, scaleGrid } from './granularity.ts';

/**
 * max |x| of every block of a matrix, row-major `[⌈rows / block.rows⌉, ⌈columns / block.columns⌉]`.
 * A block that holds a NaN gives NaN, so that it is noticed.
 */
export function blockAmax(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  block: BlockShape,
): Float32Array {
  checkElements(values, rows, columns);
  const [down, across] = scaleGrid(block, rows, columns);
  const amax = new Float32Array(down * across);
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / block.rows) * across;
    for (let column = 0; column < columns; column++) {
      const at = start + Math.floor(column / block.columns);
      amax[at] = Math.max(amax[at]!, Math.abs(values[row * columns + column]!));
    }
  }
  return amax;
}

/** Throws unless there is a value for every element of the matrix. */
export function checkElements(values: ArrayLike<number>, rows: number, columns: number): void {
  checkMatrix(rows, columns);
  if (values.length === rows * columns) return;
  throw new OctavoError(
    `[scaling] matrix: got ${values.length} values, expected ${rows} × ${columns} = ${rows * columns}`,
  );
}
