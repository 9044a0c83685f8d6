/** @file How a matrix product sees its operands: strides, and where their scales apply. */
import { matrixShape, type Shape } from '../tensor.ts';

export type GemmAttributes = {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Blocks of the scales, in the stored orientation; not read where an operand has no scale. */
  readonly aBlockRows: number;
  readonly aBlockColumns: number;
  readonly bBlockRows: number;
  readonly bBlockColumns: number;
  readonly scaledA: boolean;
  readonly scaledB: boolean;
};

/** One operand, seen as op(X) `[outer, K]` (A) or `[K, outer]` (B). */
export interface OperandView {
  readonly shape: Shape;
  readonly block: { readonly rows: number; readonly columns: number };
  /** Rows of C that A has, or columns of C that B has. */
  readonly outer: number;
  readonly inner: number;
  /** Distance in memory between neighbours along the outer axis, and along K. */
  readonly outerStride: number;
  readonly innerStride: number;
  /** Place of its scale among the inputs; −1 if there is none. */
  readonly scale: number;
  /** Side of a block along the outer axis. */
  readonly outerBlock: number;
  /** True if one scale serves all of K, so that it is applied at the store. */
  readonly scaledAtStore: boolean;
}

/** Both operands of a product, with their scales' places. */
export function operandsOf(a: GemmAttributes, inputs: readonly Shape[]): readonly [OperandView, OperandView] {
  const blockA = { rows: a.aBlockRows, columns: a.aBlockColumns };
  const blockB = { rows: a.bBlockRows, columns: a.bBlockColumns };
  return [
    operand(inputs[0]!, !a.transposeA, blockA, a.scaledA ? 2 : -1),
    operand(inputs[1]!, a.transposeB, blockB, a.scaledB ? (a.scaledA ? 3 : 2) : -1),
  ];
}

function operand(
  shape: Shape,
  rowsAreOuter: boolean,
  block: OperandView['block'],
  scale: number,
): OperandView {
  const [rows, columns] = matrixShape(shape);
  const [outer, inner] = rowsAreOuter ? [rows, columns] : [columns, rows];
  const innerBlock = rowsAreOuter ? block.columns : block.rows;
  return {
    shape,
    block,
    outer,
    inner,
    outerStride: rowsAreOuter ? columns : 1,
    innerStride: rowsAreOuter ? 1 : columns,
    scale,
    outerBlock: rowsAreOuter ? block.rows : block.columns,
    scaledAtStore: scale >= 0 && innerBlock >= inner,
  };
}
