/** @file One batch of statistics: which one it is and its CRC-32 stand in its message, where other readers pass them by. */
import { quoted } from '@octavo/formats';
import type { RecordBatch } from 'apache-arrow';
import { type BatchMessage, checkOffsets, parseBatchMessage } from '../arrow/batch.ts';
import type { Column } from '../arrow/column.ts';
import { type ArrowEncoder, type Block, type EncodedMessage, messageLength } from '../arrow/encode.ts';
import { count, Malformed } from '../arrow/malformed.ts';
import type { Metadata } from '../arrow/metadata.ts';
import { concatenate } from '../bytes.ts';
import { crc32 } from '../checksums.ts';

/** A stretch of a file, by place and length; shorter than asked at the end of the file. */
export type ReadStretch = (position: number, length: number) => Uint8Array;

export interface StatisticsBatch {
  /** Counted from 0. */
  readonly number: number;
  readonly block: Block;
  readonly end: number;
  readonly header: BatchMessage;
  readonly body: Uint8Array;
}

/** Why there is no whole batch, and where it would end as far as can be said: past the file's end it is torn. */
export interface Fault {
  readonly why: string;
  readonly reach: number;
}

const MAX_HEADER = 64 * 2 ** 20;

/** Number and layout of the batch (so that no two change places and no column another's), then its body. */
const batchCrc = (number: number, { rows, columns }: BatchMessage, body: Uint8Array): string =>
  String(crc32(new TextEncoder().encode(JSON.stringify([number, rows, columns])), body));

/** The message of a batch under its number and checksum; `build` makes the batch with the metadata that it is given. */
export function sealBatch(
  encoder: ArrowEncoder,
  columns: readonly Column[],
  number: number,
  build: (metadata: Metadata) => RecordBatch,
): EncodedMessage {
  const { pieces, metadataLength, bodyLength } = encoder.batch(build({}));
  const bytes = concatenate(pieces);
  const header = parseBatchMessage(bytes.subarray(8, metadataLength), columns, bodyLength);
  const sum = batchCrc(number, header, bytes.subarray(metadataLength));
  return encoder.batch(build({ batch: String(number), crc32: sum }));
}

/** The whole batch at `position` of a file of `size` bytes, or why there is none. */
export function batchAt(
  read: ReadStretch,
  size: number,
  position: number,
  columns: readonly Column[],
): StatisticsBatch | Fault {
  const prefix = read(position, 8);
  if (prefix.byteLength < 8) return { why: 'it is cut off', reach: position + 8 };
  const length = messageLength(prefix);
  if (length < 8 || length > MAX_HEADER || length % 8 !== 0)
    return { why: 'it does not begin with an Arrow message', reach: position + 8 };
  const start = position + 8 + length;
  if (start > size) return { why: 'it is cut off', reach: start };
  try {
    const header = parseBatchMessage(read(position + 8, length), columns, Number.MAX_SAFE_INTEGER);
    const end = start + header.bodyLength;
    if (end > size) return { why: 'it is cut off', reach: end };
    const body = read(start, header.bodyLength);
    const why = faultOf(header, body, columns);
    if (why !== null) return { why, reach: end };
    const number = Number(header.metadata.batch);
    const block = { position, metadataLength: 8 + length, bodyLength: header.bodyLength };
    return { number, block, end, header, body };
  } catch (error) {
    if (error instanceof Malformed) return { why: error.message, reach: start };
    if (error instanceof RangeError || error instanceof TypeError)
      return { why: 'its bytes make no sense', reach: start };
    throw error;
  }
}

function faultOf(header: BatchMessage, body: Uint8Array, columns: readonly Column[]): string | null {
  const { batch, crc32: written } = header.metadata;
  if (batch === undefined || written === undefined)
    return 'it has no checksum, as if another program had written the file again';
  const number = count(BigInt(/^\d{1,10}$/.test(batch) ? batch : -1), 2 ** 31, 'batch number');
  const found = batchCrc(number, header, body);
  if (found !== written) return `got CRC-32 ${found}, expected ${quoted(written)}`;
  for (const [i, { type, name }] of columns.entries()) {
    const { offsets, values } = header.columns[i]!;
    if (type === 'utf8' && offsets !== undefined)
      checkOffsets(
        body.subarray(offsets.offset, offsets.offset + offsets.length),
        header.rows,
        values.length,
        name,
      );
  }
  return null;
}
