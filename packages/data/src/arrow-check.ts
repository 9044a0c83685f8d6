/** @file Counts and places in Arrow's metadata, checked before the library sees them: it believes every one. */
import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
import type { Field } from 'apache-arrow/fb/field';
import { Footer } from 'apache-arrow/fb/footer';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';
import { LARGEST } from './text-file.ts';

/** Rows of a batch at most; and how deep fields may lie in each other. */
const [MOST_ROWS, DEEPEST] = [2 ** 25, 32];

function fail(what: string): never {
  throw new Error(what);
}

/** So many items of so many bytes each lie within the bytes that name them. */
type Room = (count: number, each: number, what: string) => void;
const roomIn =
  (bytes: Uint8Array): Room =>
  (count, each, what) =>
    count >= 0 && count * each <= bytes.length ? undefined : fail(`${count} ${what}`);

/** Throws where a message names more than it holds, or is not of the kind that is expected; else the bytes of its body. */
export function checkMessage(bytes: Uint8Array, expected?: MessageHeader): number {
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
  const body = Number(message.bodyLength());
  if (!(body >= 0 && body <= 4 * LARGEST)) fail(`a body of ${body} bytes`);
  const room = roomIn(bytes);
  room(message.customMetadataLength(), 4, 'notes');
  const kind = message.headerType();
  if (expected !== undefined && kind !== expected) fail('a message of another kind than its footer says');
  if (kind === MessageHeader.Schema) checkSchema(message.header(new Schema()), bytes);
  else if (kind === MessageHeader.RecordBatch) checkBatch(message.header(new RecordBatch()), body, room);
  else if (kind === MessageHeader.DictionaryBatch) {
    const dictionary: DictionaryBatch | null = message.header(new DictionaryBatch());
    checkBatch(dictionary?.data() ?? null, body, room);
  } else fail('a message of another kind');
  return body;
}

/** A message that a footer names: its place and sizes. */
interface NamedMessage {
  readonly kind: MessageHeader;
  readonly at: number;
  readonly length: number;
  readonly body: number;
}

/** Dictionaries and batches that a footer names. */
export function checkFooter(bytes: Uint8Array, size: number): NamedMessage[] {
  const footer = Footer.getRootAsFooter(new ByteBuffer(bytes));
  const room = roomIn(bytes);
  checkSchema(footer.schema(), bytes);
  room(footer.customMetadataLength(), 4, 'notes');
  room(footer.dictionariesLength() + footer.recordBatchesLength(), 24, 'batches');
  const { DictionaryBatch: dictionary, RecordBatch: batch } = MessageHeader;
  const blocks = [
    ...Array.from(
      { length: footer.dictionariesLength() },
      (_, i) => [dictionary, footer.dictionaries(i)!] as const,
    ),
    ...Array.from(
      { length: footer.recordBatchesLength() },
      (_, i) => [batch, footer.recordBatches(i)!] as const,
    ),
  ];
  return blocks.map(([kind, block]) => {
    const [at, length, body] = [Number(block.offset()), block.metaDataLength(), Number(block.bodyLength())];
    if (!(at >= 8 && length >= 8 && length <= LARGEST && body >= 0 && at + length + body <= size))
      fail('a batch that is cut off');
    return { kind, at, length, body };
  });
}

function checkSchema(schema: Schema | null, bytes: Uint8Array): void {
  if (schema === null) throw new Error('a schema that is missing');
  const room = roomIn(bytes);
  room(schema.fieldsLength(), 4, 'fields');
  room(schema.customMetadataLength(), 4, 'notes');
  room(schema.featuresLength(), 8, 'features');
  let left = bytes.length / 8;
  const check = (field: Field | null, depth: number): void => {
    if (field === null || depth > DEEPEST || left-- <= 0) throw new Error('fields without end');
    room(field.childrenLength(), 4, 'fields');
    room(field.customMetadataLength(), 4, 'notes');
    for (let i = 0; i < field.childrenLength(); i++) check(field.children(i), depth + 1);
  };
  for (let i = 0; i < schema.fieldsLength(); i++) check(schema.fields(i), 0);
}

function checkBatch(batch: RecordBatch | null, body: number, room: Room): void {
  if (batch === null) throw new Error('a batch that is missing');
  const within = (value: bigint, limit: number, what: string): void =>
    value >= 0 && value <= limit ? undefined : fail(`${value} ${what}`);
  within(batch.length(), MOST_ROWS, 'rows');
  room(batch.nodesLength(), 16, 'columns');
  room(batch.buffersLength(), 16, 'buffers');
  room(batch.variadicBufferCountsLength(), 8, 'counts of buffers');
  for (let i = 0; i < batch.nodesLength(); i++) {
    within(batch.nodes(i)!.length(), MOST_ROWS, 'values');
    within(batch.nodes(i)!.nullCount(), MOST_ROWS, 'nulls');
  }
  for (let i = 0; i < batch.buffersLength(); i++) {
    const buffer = batch.buffers(i)!;
    within(buffer.offset(), body, 'bytes before a buffer');
    within(buffer.length(), body - Number(buffer.offset()), 'bytes of a buffer');
  }
  for (let i = 0; i < batch.variadicBufferCountsLength(); i++)
    within(batch.variadicBufferCounts(i)!, batch.buffersLength(), 'buffers of a column');
}
