/** @file Rows of plain objects as an Arrow table of declared columns. */
import { type DataType, Float64, Int32, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow';

const types: Readonly<Record<'int' | 'number' | 'text', () => DataType>> = {
  int: () => new Int32(),
  number: () => new Float64(),
  text: () => new Utf8(),
};

export type Row = Readonly<Record<string, number | string | null>>;

/** A column each in the order of `columns`; null stands where a row has no value, or one that is not finite. */
export function tableOf(
  columns: Readonly<Record<string, 'int' | 'number' | 'text'>>,
  rows: readonly Row[],
): Table {
  const vectors: Record<string, Vector> = {};
  for (const [name, type] of Object.entries(columns)) {
    const values = rows.map((row) => {
      const value = row[name] ?? null;
      return typeof value === 'number' && !Number.isFinite(value) ? null : value;
    });
    vectors[name] = vectorFromArray(values, types[type]());
  }
  return new Table(vectors);
}
