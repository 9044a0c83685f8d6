/** @file A checked batch as an Arrow table's batch: built from its regions, so the library never sees unchecked counts. */
import { Bool, type Data, makeData, type RecordBatch, type Schema, Utf8 } from 'apache-arrow';
import type { StatisticsBatch } from '../statistics/batch.ts';
import type { ColumnRegions, Region } from './batch.ts';
import { type Column, type PrimitiveType, primitiveData, recordBatch } from './column.ts';

const arrays = {
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** The batch in memory of its own. Columns are of primitive types, bool and utf8, as `unsealSchema` admits. */
export function decodeBatch(schema: Schema, columns: readonly Column[], batch: StatisticsBatch): RecordBatch {
  const { rows } = batch.header;
  const body = new Uint8Array(batch.body);
  const children = columns.map(({ type }, i) => columnData(type, batch.header.columns[i]!, rows, body));
  return recordBatch(schema, rows, children);
}

function columnData(
  type: Column['type'],
  regions: ColumnRegions,
  rows: number,
  body: Uint8Array<ArrayBuffer>,
): Data {
  const { nulls, validity, offsets, values } = regions;
  const at = ({ offset, length }: Region): Uint8Array => body.subarray(offset, offset + length);
  const nullBitmap = nulls > 0 ? at(validity) : undefined;
  if (type === 'bool')
    return makeData({ type: new Bool(), length: rows, nullCount: nulls, nullBitmap, data: at(values) });
  if (type === 'utf8') {
    const valueOffsets =
      offsets === undefined || rows === 0
        ? new Int32Array(1)
        : new Int32Array(body.buffer, offsets.offset, rows + 1);
    return makeData({
      type: new Utf8(),
      length: rows,
      nullCount: nulls,
      nullBitmap,
      valueOffsets,
      data: at(values),
    });
  }
  const plain = type as PrimitiveType;
  const typed = new arrays[plain](body.buffer, values.offset, rows);
  return primitiveData(plain, typed, nulls > 0 ? { bits: at(validity), nulls } : undefined);
}
