/** @file Rows of plain values into a record batch, each value checked against its column. */
import { OctavoError } from '@octavo/formats';
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import { boolData, primitiveData, recordBatch, utf8Data } from '../arrow/column.ts';
import type { Metadata } from '../arrow/metadata.ts';
import { shown } from '../shown.ts';
import type { StatisticsColumn, StatisticsSchema } from './layout.ts';

export type PlainRow = Readonly<Record<string, unknown>>;

const arrays = {
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** One batch of rows that fit (`checkRow`); `metadata` stands in its message. */
export function encodeRows(
  schema: Schema,
  columns: StatisticsSchema,
  rows: readonly PlainRow[],
  metadata: Metadata,
): RecordBatch {
  const children = Object.entries(columns).map(([name, column]) => columnData(name, column, rows));
  return recordBatch(schema, rows.length, children, metadata);
}

const fitting: Readonly<Record<StatisticsColumn['type'], (value: unknown) => boolean>> = {
  bool: (value) => typeof value === 'boolean',
  int32: (value) => typeof value === 'number' && (value | 0) === value,
  int64: (value) => Number.isSafeInteger(value),
  float32: (value) => typeof value === 'number',
  float64: (value) => typeof value === 'number',
  utf8: (value) => typeof value === 'string',
};

/** Throws where a row does not fit; so that a bad row is refused when it is given, not when it is written. */
export function checkRow(columns: StatisticsSchema, row: PlainRow): void {
  for (const name of Object.keys(row))
    if (!Object.hasOwn(columns, name))
      throw new OctavoError(
        `[store] statistics column is unknown: got ${shown(name)}, expected one of ${Object.keys(columns).join(', ')}`,
      );
  for (const [name, { type, nullable }] of Object.entries(columns)) {
    const value = row[name];
    const fits = value === undefined || value === null ? nullable : fitting[type](value);
    if (!fits)
      throw new OctavoError(
        `[store] statistics column ${name} has another type: got ${String(value)} (${typeof value}), expected ${type}${nullable ? ' or nothing' : ''}`,
      );
  }
}

function columnData(name: string, { type }: StatisticsColumn, rows: readonly PlainRow[]): Data {
  if (type === 'utf8') return utf8Data(rows.map((row) => (typeof row[name] === 'string' ? row[name] : null)));
  const bits = new Uint8Array(Math.ceil(rows.length / 8));
  let nulls = 0;
  for (let i = 0; i < rows.length; i++) {
    if (rows[i]![name] === undefined || rows[i]![name] === null) nulls += 1;
    else bits[i >> 3]! |= 1 << (i & 7);
  }
  const validity = { bits, nulls };
  if (type === 'bool') {
    const values = new Uint8Array(bits.length);
    for (let i = 0; i < rows.length; i++) if (rows[i]![name] === true) values[i >> 3]! |= 1 << (i & 7);
    return boolData(values, rows.length, validity);
  }
  const values = new arrays[type](rows.length);
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]![name] ?? 0;
    values[i] = type === 'int64' ? BigInt(value as number | bigint) : (value as number);
  }
  return primitiveData(type, values, validity);
}
