/** @file Rows of plain objects: by what they are, and as an Arrow table of declared columns. */
import { OctavoError } from '@octavo/formats';
import { type DataType, Float64, Int32, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow';

/** The rows that agree with all of `wanted`. */
export function where<T extends object>(rows: readonly T[], wanted: Partial<NoInfer<T>>): T[] {
  const keys = Object.keys(wanted) as (keyof T)[];
  return rows.filter((row) => keys.every((key) => row[key] === wanted[key]));
}

/** What `key` has among the rows, each once, in the order in which they come. */
export const distinct = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => [
  ...new Set(rows.map((row) => row[key])),
];

const types: Readonly<Record<string, () => DataType>> = {
  int: () => new Int32(),
  number: () => new Float64(),
  text: () => new Utf8(),
};

export type Row = Readonly<Record<string, number | string | boolean | null>>;

/**
 * A column for each of `columns`, e.g. `seed int, recipe text, loss number`, in that order. Null stands where a row has no
 * value, or one that is not finite. Throws for a type that is none of these three.
 */
export function tableOf<T extends object>(columns: string, rows: readonly T[]): Table {
  const vectors: Record<string, Vector> = {};
  for (const column of columns.split(',')) {
    const [name, type, ...rest] = column.trim().split(' ');
    const make = types[type ?? ''];
    if (!name || !make || rest.length > 0)
      throw new OctavoError(`[lab] table: got column "${column.trim()}", expected NAME int, number or text`);
    const values = rows.map((row) => {
      const value = (row as Row)[name] ?? null;
      return typeof value === 'number' && !Number.isFinite(value) ? null : value;
    });
    vectors[name] = vectorFromArray(values, make());
  }
  return new Table(vectors);
}
