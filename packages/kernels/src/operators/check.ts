/** @file Checks of operators' inputs, with messages of one form. */
import { OctavoError } from '@octavo/formats';
import { type Block, elements, matrixShape, type Shape, scaleShape } from '../tensor.ts';

const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Throws `[kernels] OPERATOR: WHAT: got GOT, expected EXPECTED`. */
export function mismatch(
  operator: string,
  what: string,
  got: Shape | string,
  expected: Shape | string,
): never {
  const text = (value: Shape | string) => (typeof value === 'string' ? value : show(value));
  throw new OctavoError(`[kernels] ${operator}: ${what}: got ${text(got)}, expected ${text(expected)}`);
}

/** Throws unless there are as many inputs as one of `counts` says. */
export function checkInputs(operator: string, inputs: readonly Shape[], ...counts: readonly number[]): void {
  if (!counts.includes(inputs.length)) mismatch(operator, 'inputs', `${inputs.length}`, counts.join(' or '));
}

/** Throws unless a shape holds as many elements as the expected one. */
export function checkElements(operator: string, what: string, shape: Shape, expected: Shape): void {
  if (elements(shape) !== elements(expected)) mismatch(operator, what, shape, expected);
}

/** Throws unless a shape, seen as a matrix, has these rows and columns. */
export function checkMatrix(
  operator: string,
  what: string,
  shape: Shape,
  rows: number,
  columns: number,
): void {
  const [r, c] = matrixShape(shape);
  if (r !== rows || c !== columns) mismatch(operator, what, shape, [rows, columns]);
}

export type BlockAttributes = {
  /** Rows and columns of a block, in the stored orientation; it may reach beyond the matrix. */
  readonly blockRows: number;
  readonly blockColumns: number;
};

export const blockOf = (attributes: BlockAttributes): Block => ({
  rows: attributes.blockRows,
  columns: attributes.blockColumns,
});

/** Throws unless the block is of whole, positive sides. */
export function checkBlock(operator: string, { rows, columns }: Block): void {
  const good = Number.isInteger(rows) && Number.isInteger(columns) && rows > 0 && columns > 0;
  if (!good) mismatch(operator, 'block', `${rows} × ${columns}`, 'whole numbers above 0');
}

/** Throws unless `scale` has one element a block of `shape`. */
export function checkScale(operator: string, what: string, shape: Shape, block: Block, scale: Shape): void {
  checkBlock(operator, block);
  checkElements(operator, what, scale, scaleShape(shape, block));
}
