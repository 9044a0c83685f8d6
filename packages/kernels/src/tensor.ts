/** @file Tensors: shaped memory on a device, with a number format and, for quantised ones, scales. */
import type { Format } from '@octavo/formats';

export type Shape = readonly number[];

/**
 * Which elements of a matrix share one scale: blocks of `rows × columns` elements.
 * A tensor's scale is one block of the whole matrix; a row's is `1 × columns`; a channel's `rows × 1`.
 */
export interface Block {
  readonly rows: number;
  readonly columns: number;
}

/** A tensor's identity is the object: devices keep its memory in a map of their own. */
export interface Tensor {
  readonly shape: Shape;
  readonly format: Format;
}

/** A matrix of codes; the values it stands for are `decode(code) / scale`. */
export interface Quantized {
  readonly codes: Tensor;
  /** FP32, shape `[⌈rows / block.rows⌉, ⌈columns / block.columns⌉]`. It multiplied before the cast. */
  readonly scale: Tensor;
  readonly block: Block;
}

/** What a matrix product takes: a plain tensor, or codes with scales. */
export type MatrixOperand = Tensor | Quantized;

export const isQuantized = (operand: MatrixOperand): operand is Quantized => 'codes' in operand;

export const elements = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/** A tensor seen as a matrix: `[rows, columns]`, the last axis being the columns. */
export function matrixShape(shape: Shape): readonly [rows: number, columns: number] {
  const columns = shape.length === 0 ? 1 : shape[shape.length - 1]!;
  return [columns === 0 ? 0 : elements(shape) / columns, columns];
}

/** Shape of the scales of a matrix under a block. */
export function scaleShape(shape: Shape, block: Block): readonly [number, number] {
  const [rows, columns] = matrixShape(shape);
  return [Math.ceil(rows / block.rows), Math.ceil(columns / block.columns)];
}
