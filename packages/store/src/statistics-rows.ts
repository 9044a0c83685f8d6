/** @file Rows of plain values into a record batch, each value checked against its column. */
import { OctavoError } from '@octavo/formats';
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import { primitiveData, recordBatch, utf8Data } from './column.ts';
import type { StatisticsColumn, StatisticsSchema } from './statistics.ts';

export type PlainRow = Readonly<Record<string, unknown>>;

const arrays = { int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;

/** One batch of the rows. Throws an `OctavoError` for an unknown column, a missing value or one of another type. */
export function encodeRows(
  schema: Schema,
  columns: StatisticsSchema,
  rows: readonly PlainRow[],
): RecordBatch {
  return recordBatch(
    schema,
    rows.length,
    Object.entries(columns).map(([name, column]) => columnData(name, column, rows)),
  );
}

/** Throws where a row does not fit; so that a bad row is refused when it is given, not when it is written. */
export function checkRow(columns: StatisticsSchema, row: PlainRow): void {
  for (const name of Object.keys(row))
    if (!Object.hasOwn(columns, name))
      throw new OctavoError(
        `[store] statistics column is unknown: got ${JSON.stringify(name)}, expected one of ${Object.keys(columns).join(', ')}`,
      );
  for (const [name, { type, nullable }] of Object.entries(columns)) {
    const value = row[name];
    const fits =
      value === undefined || value === null
        ? nullable
        : type === 'utf8'
          ? typeof value === 'string'
          : typeof value === 'number' && (type !== 'int32' || (value | 0) === value);
    if (!fits)
      throw new OctavoError(
        `[store] statistics column ${name} has another type: got ${String(value)} (${typeof value}), expected ${type}${nullable ? ' or nothing' : ''}`,
      );
  }
}

function columnData(name: string, { type }: StatisticsColumn, rows: readonly PlainRow[]): Data {
  if (type === 'utf8') return utf8Data(rows.map((row) => (typeof row[name] === 'string' ? row[name] : null)));
  const values = new arrays[type](rows.length);
  const bits = new Uint8Array(Math.ceil(rows.length / 8));
  let nulls = 0;
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i][name];
    if (typeof value === 'number') {
      values[i] = value;
      bits[i >> 3] |= 1 << (i & 7);
    } else nulls += 1;
  }
  return primitiveData(type, values, { bits, nulls });
}
