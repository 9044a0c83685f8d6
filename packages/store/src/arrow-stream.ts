/** @file Walking an Arrow IPC stream that may stop anywhere: which batches of it are whole. */
import { OctavoError } from '@octavo/formats';
import {
  type BatchMessage,
  checkOffsets,
  guarded,
  Malformed,
  parseBatchMessage,
  parseSchemaMessage,
  type SchemaMessage,
} from './arrow-message.ts';
import { type Column, type ColumnType, isList } from './column.ts';

/** A stretch of the stream, by place and length; shorter than asked at the end of the stream. */
export type ReadStretch = (position: number, length: number) => Uint8Array;

export interface StreamBatch {
  readonly position: number;
  readonly end: number;
  readonly header: BatchMessage;
  readonly body: Uint8Array;
}

export interface StreamScan {
  readonly schema: SchemaMessage;
  readonly columns: readonly Column[];
  /** Where the first batch is. */
  readonly first: number;
  /** Whole batches in order. It ends at the end of the stream or at the first bytes that are no whole batch. */
  batches(): Generator<StreamBatch, void>;
}

const known: readonly ColumnType[] = [
  'int32',
  'int64',
  'uint16',
  'uint32',
  'float32',
  'float64',
  'bool',
  'utf8',
];
const MAX_HEADER = 64 * 2 ** 20;

/**
 * Reads the schema. Throws an `OctavoError` where there is none, it is cut off, or a column has a type that this
 * package doesn't write; `undefined` where the stream has fewer bytes than its schema.
 */
export function scanStream(path: string, size: number, read: ReadStretch): StreamScan | undefined {
  const prefix = prefixAt(read, 0);
  if (prefix === undefined) return undefined;
  const { marker, length } = prefix;
  if (marker !== 0xffffffff || length < 8 || length > MAX_HEADER)
    throw new OctavoError(
      `[store] ${path} is not an Arrow stream: expected it to begin with a schema message`,
    );
  if (8 + length > size) return undefined;
  const schema = guarded(path, () => parseSchemaMessage(read(8, length)));
  const columns = schema.columns.map(({ name, type, nullable, metadata }): Column => {
    const found = known.find((one) => one === type);
    if (found === undefined || isList(found))
      throw new OctavoError(
        `[store] ${path} has a column of another type: got ${name} ${type}, expected ${known.join(', ')}`,
      );
    return { name, type: found, nullable, metadata };
  });
  const first = 8 + length;
  return {
    schema,
    columns,
    first,
    *batches() {
      for (let position = first; ; ) {
        const batch = batchAt(read, position, size, columns);
        if (batch === undefined) return;
        yield batch;
        position = batch.end;
      }
    },
  };
}

/** The bits of a column's validity and its values, for columns of four bytes a value. */
export function int32Values({ header, body }: StreamBatch, column: number): Int32Array {
  const { values } = header.columns[column];
  const view = new DataView(body.buffer, body.byteOffset + values.offset, 4 * header.rows);
  return Int32Array.from({ length: header.rows }, (_, i) => view.getInt32(4 * i, true));
}

function prefixAt(read: ReadStretch, position: number): { marker: number; length: number } | undefined {
  const bytes = read(position, 8);
  if (bytes.byteLength < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return { marker: view.getUint32(0, true), length: view.getInt32(4, true) };
}

function batchAt(
  read: ReadStretch,
  position: number,
  size: number,
  columns: readonly Column[],
): StreamBatch | undefined {
  const prefix = prefixAt(read, position);
  if (prefix === undefined) return undefined;
  const { marker, length } = prefix;
  const start = position + 8 + length;
  if (marker !== 0xffffffff || length < 8 || length > MAX_HEADER || length % 8 !== 0 || start > size)
    return undefined;
  try {
    const header = parseBatchMessage(read(position + 8, length), columns, size - start);
    const body = read(start, header.bodyLength);
    if (body.byteLength < header.bodyLength) return undefined;
    for (const [i, { type, name }] of columns.entries()) {
      const { offsets, values } = header.columns[i];
      if (type === 'utf8' && offsets !== undefined)
        checkOffsets(
          body.subarray(offsets.offset, offsets.offset + offsets.length),
          header.rows,
          values.length,
          name,
        );
    }
    return { position, end: start + header.bodyLength, header, body };
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError || error instanceof TypeError)
      return undefined;
    throw error;
  }
}
