/** @file The scale of every element: reference loops over blocks. */
import { type Block, matrixShape, type Shape, scaleShape } from '../tensor.ts';

/** `visit(start, end, s)` for every run of elements `[start, end)` of one row that share scale number `s`. */
export function forEachRun(
  shape: Shape,
  block: Block,
  visit: (start: number, end: number, scale: number) => void,
): void {
  const [rows, columns] = matrixShape(shape);
  const [, across] = scaleShape(shape, block);
  for (let r = 0; r < rows; r++) {
    const first = Math.floor(r / block.rows) * across;
    for (let b = 0; b < across; b++) {
      const start = b * block.columns;
      visit(r * columns + start, r * columns + Math.min(columns, start + block.columns), first + b);
    }
  }
}

/** fround(x · scale[block]) of every element. */
export function scaled(x: Float32Array, shape: Shape, block: Block, scale: Float32Array): Float32Array {
  const out = new Float32Array(x.length);
  forEachRun(shape, block, (start, end, s) => {
    const factor = scale[s]!;
    for (let i = start; i < end; i++) out[i] = x[i]! * factor;
  });
  return out;
}

/** True if one scale serves the whole matrix, so that kernels need no rows and columns. */
export const isWhole = (shape: Shape, block: Block): boolean => {
  const [down, across] = scaleShape(shape, block);
  return down * across <= 1;
};

/** What a kernel that finds an element's block reads. */
export type BlockConstant = 'blockRows' | 'blockColumns' | 'columns' | 'across';

/** The constants with which a kernel finds an element's scale: `s[⌊(y + ½) / blockRows⌋ · across + ⌊(x + ½) / blockColumns⌋]`. */
export function blockConstants(shape: Shape, block: Block): Readonly<Record<string, number>> {
  const [, columns] = matrixShape(shape);
  return {
    columns,
    blockRows: block.rows,
    blockColumns: block.columns,
    across: scaleShape(shape, block)[1],
  };
}
