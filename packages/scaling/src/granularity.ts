/** @file Which elements of a matrix share a scale. */
import { OctavoError } from '@octavo/formats';
import { checkChoice, checkKeys, checkNumber } from './check.ts';

/**
 * `tensor`: one scale; `row`: one a row; `channel`: one a column; `block`: one per block of `rows × columns`;
 * `mx`: one per 32 elements along a row, or down a column (OCP Microscaling Formats 1.0).
 */
export type Granularity =
  | { readonly kind: 'tensor' | 'row' | 'channel' }
  | { readonly kind: 'block'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'mx'; readonly axis: 'row' | 'column' };

/** Rows and columns of elements that share a scale; the last block of an axis may be cut off by the matrix. */
export interface BlockShape {
  readonly rows: number;
  readonly columns: number;
}

/** Elements of an MX block. */
export const MX_BLOCK = 32;

/** The block of a granularity on a matrix of `rows × columns`, never larger than the matrix, never empty. */
export function blockOf(granularity: Granularity, rows: number, columns: number): BlockShape {
  checkMatrix(rows, columns);
  const within = (blockRows: number, blockColumns: number): BlockShape => ({
    rows: Math.max(1, Math.min(blockRows, rows)),
    columns: Math.max(1, Math.min(blockColumns, columns)),
  });
  switch (granularity.kind) {
    case 'tensor':
      return within(rows, columns);
    case 'row':
      return within(1, columns);
    case 'channel':
      return within(rows, 1);
    case 'block':
      return within(granularity.rows, granularity.columns);
    case 'mx':
      return granularity.axis === 'row' ? within(1, MX_BLOCK) : within(MX_BLOCK, 1);
  }
}

/** How many scales there are, down and across: `[⌈rows / block.rows⌉, ⌈columns / block.columns⌉]`. */
export function scaleGrid(
  block: BlockShape,
  rows: number,
  columns: number,
): readonly [down: number, across: number] {
  return [Math.ceil(rows / block.rows), Math.ceil(columns / block.columns)];
}

/** A granularity from outside, checked; frozen. */
export function checkGranularity(value: unknown, where = 'granularity'): Granularity {
  const { kind: given, ...rest } = checkKeys(value, where);
  const kind = checkChoice(given, `${where}.kind`, ['tensor', 'row', 'channel', 'block', 'mx']);
  switch (kind) {
    case 'block': {
      const options = checkKeys(rest, where, ['rows', 'columns']);
      const size = { integer: true, from: 1, to: 2 ** 31 };
      return Object.freeze({
        kind,
        rows: checkNumber(options.rows, `${where}.rows`, size),
        columns: checkNumber(options.columns, `${where}.columns`, size),
      });
    }
    case 'mx':
      return Object.freeze({
        kind,
        axis: checkChoice(checkKeys(rest, where, ['axis']).axis, `${where}.axis`, ['row', 'column']),
      });
    default:
      checkKeys(rest, where, []);
      return Object.freeze({ kind });
  }
}

/** Throws unless both are sizes. */
export function checkMatrix(rows: number, columns: number): void {
  if (Number.isInteger(rows) && rows >= 0 && Number.isInteger(columns) && columns >= 0) return;
  throw new OctavoError(`[scaling] matrix: got ${rows} × ${columns}, expected integers of at least 0`);
}
