/** @file A checked batch as an Arrow table's batch: built from its regions, so the library never sees unchecked counts. */
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import type { BatchMessage, ColumnRegions, Region } from './batch.ts';
import { arrays, type Column, isPlain, plainData, recordBatch, textData } from './column.ts';

/** The batch in memory of its own. Columns are of plain types and utf8, as `unsealSchema` admits. */
export function decodeBatch(
  schema: Schema,
  columns: readonly Column[],
  { rows, columns: regions }: BatchMessage,
  bytes: Uint8Array,
): RecordBatch {
  const body = new Uint8Array(bytes);
  return recordBatch(
    schema,
    rows,
    columns.map(({ type }, i) => columnData(type, regions[i]!, rows, body)),
  );
}

function columnData(
  type: Column['type'],
  { nulls, validity, offsets, values }: ColumnRegions,
  rows: number,
  body: Uint8Array<ArrayBuffer>,
): Data {
  const at = ({ offset, length }: Region): Uint8Array => body.subarray(offset, offset + length);
  const present = nulls > 0 ? { bits: at(validity), nulls } : undefined;
  if (isPlain(type)) {
    const typed = type === 'bool' ? at(values) : new arrays[type](body.buffer, values.offset, rows);
    return plainData(type, typed, rows, present);
  }
  const ends = rows === 0 ? new Int32Array(1) : new Int32Array(body.buffer, offsets!.offset, rows + 1);
  return textData('utf8', ends, at(values), present);
}
