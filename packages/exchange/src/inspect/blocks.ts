/** @file Which elements of a stretch share a scale, as runs of neighbours. */
import { type BlockShape, scaleGrid } from '@octavo/scaling';

export type VisitRun = (from: number, to: number, scale: number) => void;

/**
 * Calls `visit` for the elements `[begin, end)` of a row-major matrix, in order: runs `[from, to)`, counted from `begin`, and
 * the index of their scale in the grid of blocks.
 */
export function eachRun(
  block: BlockShape,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  [begin, end]: readonly [begin: number, end: number],
  visit: VisitRun,
): void {
  const [, across] = scaleGrid(block, rows, columns);
  for (let at = begin; at < end; ) {
    const row = Math.floor(at / columns);
    const down = Math.floor(row / block.rows);
    const right = Math.floor((at - row * columns) / block.columns);
    const stop =
      block.columns >= columns
        ? (down + 1) * block.rows * columns // whole rows follow each other
        : row * columns + Math.min(columns, (right + 1) * block.columns);
    const to = Math.min(stop, end);
    visit(at - begin, to - begin, down * across + right);
    at = to;
  }
}
