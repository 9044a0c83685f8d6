/** @file Matrices of doubles, and the one product, written as it is defined. */

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
}

export const matrix = (rows: number, columns: number, data: ArrayLike<number>): Matrix => ({
  rows,
  columns,
  data: Float64Array.from(data),
});

export const at = ({ columns, data }: Matrix, row: number, column: number): number =>
  data[row * columns + column]!;

/** The matrix whose element (row, column) is `value(row, column)`. */
export function fill(rows: number, columns: number, value: (row: number, column: number) => number): Matrix {
  const data = new Float64Array(rows * columns);
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) data[i++] = value(row, column);
  return { rows, columns, data };
}

export const map = (a: Matrix, f: (value: number, row: number, column: number) => number): Matrix =>
  fill(a.rows, a.columns, (row, column) => f(at(a, row, column), row, column));

export const transpose = (a: Matrix): Matrix => fill(a.columns, a.rows, (row, column) => at(a, column, row));

/** A result, and for each element Σ |term| of the sum that it is: what float32 may be off by is a share of it. */
export interface Sum {
  readonly value: Matrix;
  readonly terms: Matrix;
}

/** C = A · B. */
export function product(a: Matrix, b: Matrix): Sum {
  const [value, terms] = [0, 1].map(() => new Float64Array(a.rows * b.columns)) as [
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < a.rows; row++)
    for (let column = 0; column < b.columns; column++)
      for (let k = 0; k < a.columns; k++) {
        const term = a.data[row * a.columns + k]! * b.data[k * b.columns + column]!;
        value[row * b.columns + column]! += term;
        terms[row * b.columns + column]! += Math.abs(term);
      }
  const shape = { rows: a.rows, columns: b.columns };
  return { value: { ...shape, data: value }, terms: { ...shape, data: terms } };
}

export const add = (a: Sum, b: Sum): Sum => {
  const sum = (x: Matrix, y: Matrix) => map(x, (value, row, column) => value + at(y, row, column));
  return { value: sum(a.value, b.value), terms: sum(a.terms, b.terms) };
};

/** max |x|. */
export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
