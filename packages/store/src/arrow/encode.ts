/** @file Arrow IPC bytes, message by message, so that a caller decides when and how they reach the disk. */
import { MetadataVersion, type RecordBatch, RecordBatchStreamWriter, type Schema } from 'apache-arrow';
import { AsyncByteQueue } from 'apache-arrow/io/stream';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';

/** `ARROW1`: the first and last bytes of an Arrow IPC file (Arrow columnar format, "IPC File Format"). */
export const MAGIC = new TextEncoder().encode('ARROW1');
/** What ends a stream: the continuation marker and a length of zero. */
export const END_OF_STREAM = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/** Place of one record batch in a file. */
export interface Block {
  readonly position: number;
  readonly metadataLength: number;
  readonly bodyLength: number;
}

/** Bytes of metadata behind the eight that begin a message: the continuation marker and this length; −1 where none begins. */
export function messageLength(prefix: Uint8Array): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  return view.getUint32(0, true) === 0xffffffff ? view.getInt32(4, true) : -1;
}

/** One encapsulated message: its metadata (with the eight bytes before it) and its body. */
export interface EncodedMessage {
  readonly pieces: readonly Uint8Array[];
  readonly metadataLength: number;
  readonly bodyLength: number;
}

/** Encodes a schema and then batches of it. */
export interface ArrowEncoder {
  readonly schema: EncodedMessage;
  batch(batch: RecordBatch): EncodedMessage;
}

/** An encoder of the stream format; buffers of a batch are passed on, not copied. */
export function arrowEncoder(schema: Schema): ArrowEncoder {
  let pieces: Uint8Array[] = [];
  const queue = new AsyncByteQueue<Uint8Array>();
  queue.write = (piece) => {
    pieces.push(piece as Uint8Array);
  };
  const take = (): EncodedMessage => {
    const taken = pieces;
    pieces = [];
    const metadataLength = 8 + new DataView(taken[1]!.buffer, taken[1]!.byteOffset, 4).getInt32(0, true);
    const total = taken.reduce((sum, piece) => sum + piece.byteLength, 0);
    return { pieces: taken, metadataLength, bodyLength: total - metadataLength };
  };
  const writer = new RecordBatchStreamWriter({ autoDestroy: false });
  writer.reset(queue, schema);
  const first = take();
  return {
    schema: first,
    batch(batch) {
      writer.write(batch);
      return take();
    },
  };
}

/**
 * Encodes the file format: magic, the stream, its end, the footer. apache-arrow's own file writer leaves out the
 * schema message that the format asks for at the start; here it is, so the inside of a file is a readable stream.
 */
export function arrowFileEncoder(schema: Schema): {
  readonly start: readonly Uint8Array[];
  batch(batch: RecordBatch): readonly Uint8Array[];
  end(): readonly Uint8Array[];
} {
  const encoder = arrowEncoder(schema);
  const blocks: Block[] = [];
  let position = 8 + encoder.schema.metadataLength;
  return {
    start: arrowFileStart(encoder),
    batch(batch) {
      const { pieces, metadataLength, bodyLength } = encoder.batch(batch);
      blocks.push({ position, metadataLength, bodyLength });
      position += metadataLength + bodyLength;
      return pieces;
    },
    end: () => arrowFileEnd(schema, blocks),
  };
}

/** What stands before the first batch of a file: the magic, padded, and the schema. */
export const arrowFileStart = ({ schema }: ArrowEncoder): readonly Uint8Array[] => [
  MAGIC,
  new Uint8Array(2),
  ...schema.pieces,
];

/** What follows the last batch of a file: the end of the stream, the footer, its length and the magic. */
export function arrowFileEnd(schema: Schema, blocks: readonly Block[]): readonly Uint8Array[] {
  const batches = blocks.map(
    ({ position, metadataLength, bodyLength }) => new FileBlock(metadataLength, bodyLength, position),
  );
  const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, batches, []));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setInt32(0, footer.byteLength, true);
  return [END_OF_STREAM, footer, length, MAGIC];
}
