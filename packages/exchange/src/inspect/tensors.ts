/** @file Tensors of any model's file as numbers, a stretch at a time, whatever they are stored in. */

/** A matrix that is read by stretches of its elements, row-major. */
export interface Values {
  readonly rows: number;
  readonly columns: number;
  /** Elements `[begin, end)`; `begin` is a multiple of 8. */
  read(begin: number, end: number): Promise<Float32Array | Float64Array>;
}

/** A tensor that a file lists. */
export interface ListedTensor {
  readonly name: string;
  /** Of a checkpoint: weight, master, moment1, …; of other files null. */
  readonly role: string | null;
  /** What its elements are stored in, in the file's own words. */
  readonly dtype: string;
  /** Of the values: codes that share a byte count one by one. */
  readonly shape: readonly number[];
  /** What its codes are multiplied by to give the values, in words; null where the file has the values themselves. */
  readonly decoded: string | null;
  /** Null where it is not made of real numbers; `skipped` says why then. */
  readonly values: Values | null;
  readonly skipped: string | null;
  /** A checkpoint's maxima that delayed scaling remembers of it, by the name of the format cast to; oldest first. */
  history?(format: string): Promise<readonly number[]>;
}

/** A file or folder of tensors, of any model. Close it afterwards. */
export interface TensorFile {
  readonly kind: string;
  readonly path: string;
  readonly tensors: readonly ListedTensor[];
  /** Tensors that are not listed: a checkpoint's that are no weights. */
  readonly leftOut: number;
  /** What is left out besides, in sentences for people. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * As scales see it: the last axis is a row, all others count rows; a single number is 1 × 1. Nothing is 0 × 0, whatever its
 * other axes say: a file may give them any length.
 */
export const matrixOf = (shape: readonly number[]): { readonly rows: number; readonly columns: number } =>
  shape.includes(0)
    ? { rows: 0, columns: 0 }
    : { rows: elementsOf(shape.slice(0, -1)), columns: shape.at(-1) ?? 1 };

/** Rows `[from, to)` of a matrix; where they begin is a multiple of 8 elements, or `aligned` reads a little more. */
export const rowsOf = (values: Values, from: number, to: number): Values => ({
  rows: to - from,
  columns: values.columns,
  async read(begin, end) {
    const start = from * values.columns;
    const before = (start + begin) % 8;
    return (await values.read(start + begin - before, start + end)).subarray(before);
  },
});

/** Elements that are in memory at a time. */
const STRETCH = 2 ** 20;

/** Calls `visit` with every stretch of elements and where it begins. */
export async function stretches(
  values: Values,
  visit: (numbers: Float32Array | Float64Array, begin: number) => void | Promise<void>,
): Promise<void> {
  const count = values.rows * values.columns;
  for (let begin = 0; begin < count; begin += STRETCH)
    await visit(await values.read(begin, Math.min(count, begin + STRETCH)), begin);
}
