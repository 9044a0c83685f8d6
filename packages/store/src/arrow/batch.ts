/** @file Reading the header of a record batch that may lie: every count and region is checked before anything follows it. */
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { ByteBuffer } from 'flatbuffers';
import { type Column, isPlain, itemOf, plainBytes } from './column.ts';
import { count, fail, pairs } from './malformed.ts';

/** A stretch of a message's body. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** Where one column of a batch lies. `offsets` and `child` are there for strings, bytes and lists. */
export interface ColumnRegions {
  readonly nulls: number;
  readonly validity: Region;
  readonly offsets: Region | undefined;
  readonly values: Region;
  /** Number of elements in a list's child. */
  readonly elements: number;
}

export interface BatchMessage {
  readonly bodyLength: number;
  readonly rows: number;
  readonly columns: readonly ColumnRegions[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A record batch of these columns (`bytes` is the flatbuffer alone). Every region lies in the body, and is long enough
 * for the rows it holds; offsets of strings and lists are not followed here (see `checkOffsets`).
 */
export function parseBatchMessage(
  bytes: Uint8Array,
  columns: readonly Column[],
  maxBody: number,
): BatchMessage {
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
  if (message.headerType() !== MessageHeader.RecordBatch) fail('it is not an Arrow record batch');
  const batch: unknown = message.header(new RecordBatch());
  if (!(batch instanceof RecordBatch)) return fail('its header is missing');
  if (batch.compression() !== null)
    fail('it is compressed, as if another program had written the file again');
  const bodyLength = count(message.bodyLength(), maxBody, 'body length');
  if (bodyLength % 8 !== 0) fail(`got body length ${bodyLength}, expected a multiple of 8`);
  const rows = count(batch.length(), Math.min(bodyLength * 8, 2 ** 31 - 1), 'number of rows');

  const lists = columns.filter(({ type }) => itemOf(type) !== null).length;
  const withOffsets = columns.filter(({ type }) => !isPlain(type)).length;
  const nodes = columns.length + lists;
  const buffers = 2 * columns.length + withOffsets + lists;
  if (batch.nodesLength() !== nodes || batch.buffersLength() !== buffers)
    fail(
      `got ${batch.nodesLength()} nodes and ${batch.buffersLength()} buffers, expected ${nodes} and ${buffers}`,
    );

  let [node, region] = [0, 0];
  const nextRegion = (least: number, what: string): Region => {
    const found = batch.buffers(region++);
    if (found === null) return fail('a buffer is missing');
    const offset = count(found.offset(), bodyLength, `${what} offset`);
    const length = count(found.length(), bodyLength - offset, `${what} length`);
    if (length < least) fail(`got ${length} bytes of ${what}, expected at least ${least}`);
    if (offset % 8 !== 0) fail(`got ${what} offset ${offset}, expected a multiple of 8`);
    return { offset, length };
  };
  const nextNode = (name: string, nullable: boolean) => {
    const found = batch.nodes(node++);
    if (found === null) return fail('a field node is missing');
    const length = count(found.length(), bodyLength * 8, `${name} length`);
    const nulls = count(found.nullCount(), nullable ? length : 0, `${name} nulls`);
    return { length, nulls };
  };
  const parsed = columns.map(({ name, type, nullable = false }): ColumnRegions => {
    const { length, nulls } = nextNode(name, nullable);
    if (length !== rows) fail(`got ${length} values of ${name}, expected ${rows}`);
    const validity = nextRegion(nulls > 0 ? Math.ceil(rows / 8) : 0, `${name} validity`);
    if (isPlain(type)) {
      const values = nextRegion(plainBytes(type, rows), name);
      return { nulls, validity, offsets: undefined, values, elements: rows };
    }
    const offsets = nextRegion(rows === 0 ? 0 : 4 * (rows + 1), `${name} offsets`);
    const item = itemOf(type);
    if (item === null)
      return { nulls, validity, offsets, values: nextRegion(0, name), elements: Number.POSITIVE_INFINITY };
    const { length: elements } = nextNode(name, false);
    nextRegion(0, `${name} validity`);
    return { nulls, validity, offsets, values: nextRegion(plainBytes(item, elements), name), elements };
  });
  const metadata = pairs(message.customMetadataLength(), (i) => message.customMetadata(i), {
    left: bytes.byteLength,
  });
  return { bodyLength, rows, columns: parsed, metadata };
}

/** Offsets of strings or lists: from 0, never falling, never past `limit`. Gives them as an array of rows + 1. */
export function checkOffsets(bytes: Uint8Array, rows: number, limit: number, what: string): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets = new Int32Array(rows + 1);
  if (rows === 0) return offsets;
  for (let i = 0; i <= rows; i++) {
    offsets[i] = view.getInt32(4 * i, true);
    if (offsets[i]! < (i === 0 ? 0 : offsets[i - 1]!) || offsets[i]! > limit)
      fail(
        `got ${what} offset ${offsets[i]}, expected ${i === 0 ? 0 : offsets[i - 1]} to ${Math.min(limit, 2 ** 31 - 1)}`,
      );
  }
  return offsets;
}
