/** @file Rows of plain values into a record batch, each value checked against its column. */
import { OctavoError, quoted } from '@octavo/formats';
import type { RecordBatch, Schema } from 'apache-arrow';
import { recordBatch, valuesData } from '../arrow/column.ts';
import type { Metadata } from '../arrow/metadata.ts';
import type { StatisticsColumn, StatisticsSchema } from './layout.ts';

export type PlainRow = Readonly<Record<string, unknown>>;

/** One batch of rows that fit (`checkRow`); `metadata` stands in its message. */
export function encodeRows(
  schema: Schema,
  columns: StatisticsSchema,
  rows: readonly PlainRow[],
  metadata: Metadata,
): RecordBatch {
  const children = Object.entries(columns).map(([name, { type }]) =>
    valuesData(
      type,
      rows.map((row) => row[name] ?? null),
    ),
  );
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
        `[store] statistics column is unknown: got ${quoted(name)}, expected one of ${Object.keys(columns).join(', ')}`,
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
