/** @file Reading Arrow IPC messages that may lie: every count and region is checked before anything follows it. */

import { OctavoError } from '@octavo/formats';
import { Field } from 'apache-arrow/fb/field';
import { FloatingPoint } from 'apache-arrow/fb/floating-point';
import { Int } from 'apache-arrow/fb/int';
import type { KeyValue } from 'apache-arrow/fb/key-value';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { Type } from 'apache-arrow/fb/type';
import { ByteBuffer } from 'flatbuffers';
import { badFile } from '../file-error.ts';
import { oneLine, shown } from '../shown.ts';
import { type Column, type ColumnType, isList, widths } from './column.ts';

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
  readonly kind: 'batch';
  readonly bodyLength: number;
  readonly rows: number;
  readonly columns: readonly ColumnRegions[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SchemaMessage {
  readonly kind: 'schema';
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_COLUMNS = 1024;

/** Says why bytes are not what they claim to be; callers put file and row in front. */
export class Malformed extends Error {
  constructor(why: string) {
    super(oneLine(why));
  }
}

const fail = (why: string): never => {
  throw new Malformed(why);
};

/** Runs `parse`; whatever it throws becomes one `OctavoError` that begins with `[store] where`. */
export function guarded<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (OctavoError.is(error)) throw error;
    const why = error instanceof Malformed ? error.message : 'its bytes make no sense';
    throw badFile(`[store] ${where} is damaged: ${why}`, error);
  }
}

/** An int64 as a number, from 0 to `limit`. */
export function count(value: bigint, limit: number, what: string): number {
  const number = Number(value);
  return number >= 0 && number <= limit
    ? number
    : fail(`got ${what} ${number}, expected 0 to ${Math.max(limit, 0)}`);
}

const buffer = (bytes: Uint8Array): ByteBuffer => new ByteBuffer(bytes);

/** A schema message (`bytes` is the flatbuffer alone). */
export function parseSchemaMessage(bytes: Uint8Array): SchemaMessage {
  const message = Message.getRootAsMessage(buffer(bytes));
  if (message.headerType() !== MessageHeader.Schema)
    fail('it does not begin with an Arrow schema, as if another program had written the file');
  const schema: unknown = message.header(new Schema());
  return schema instanceof Schema ? parseSchema(schema, bytes.byteLength) : fail('its schema is missing');
}

/** Names, types and metadata of a schema in a flatbuffer of `size` bytes. */
export function parseSchema(schema: Schema, size: number): SchemaMessage {
  if (schema.endianness() !== 0) fail('its numbers are big-endian, expected little-endian');
  const length = count(BigInt(schema.fieldsLength()), Math.min(MAX_COLUMNS, size / 4), 'number of columns');
  if (length === 0) fail('it has no columns');
  const budget = { left: size };
  const columns = Array.from({ length }, (_, i) => {
    const field = schema.fields(i);
    if (field === null) return fail(`column ${i} is missing`);
    const metadata = pairs(field.customMetadataLength(), (j) => field.customMetadata(j), budget);
    return { name: text(field.name(), budget), type: typeName(field), nullable: field.nullable(), metadata };
  });
  const metadata = pairs(schema.customMetadataLength(), (i) => schema.customMetadata(i), budget);
  return { kind: 'schema', columns, metadata };
}

function typeName(field: Field, depth = 0): string {
  if (field.dictionary() !== null) return 'dictionary';
  switch (field.typeType()) {
    case Type.Bool:
      return 'bool';
    case Type.Utf8:
      return 'utf8';
    case Type.Binary:
      return 'binary';
    case Type.Int: {
      const int: unknown = field.type(new Int());
      return int instanceof Int ? `${int.isSigned() ? '' : 'u'}int${int.bitWidth()}` : 'int';
    }
    case Type.FloatingPoint: {
      const float: unknown = field.type(new FloatingPoint());
      return float instanceof FloatingPoint ? `float${16 << float.precision()}` : 'float';
    }
    case Type.List: {
      const child = depth === 0 && field.childrenLength() === 1 ? field.children(0, new Field()) : null;
      return child === null ? 'list' : `list<${typeName(child, 1)}>`;
    }
    default:
      return `Arrow type ${field.typeType()}`;
  }
}

interface Budget {
  left: number;
}

/** Strings of one message together may not be longer than the message, however its offsets overlap. */
function text(value: string | null, budget: Budget): string {
  if (value === null) return fail('a name is missing');
  budget.left -= value.length;
  return budget.left < 0 ? fail('its strings overlap') : value;
}

function pairs(
  length: number,
  at: (i: number) => KeyValue | null,
  budget: Budget,
): Readonly<Record<string, string>> {
  const entries = new Map<string, string>();
  count(BigInt(length), budget.left / 4, 'number of metadata entries');
  for (let i = 0; i < length; i++) {
    const pair = at(i);
    if (pair === null) return fail('a metadata entry is missing');
    const key = text(pair.key(), budget);
    if (entries.has(key)) fail(`metadata key ${shown(key)} stands twice`);
    entries.set(key, text(pair.value(), budget));
  }
  return Object.fromEntries(entries);
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
  const message = Message.getRootAsMessage(buffer(bytes));
  if (message.headerType() !== MessageHeader.RecordBatch) fail('it is not an Arrow record batch');
  const batch: unknown = message.header(new RecordBatch());
  if (!(batch instanceof RecordBatch)) return fail('its header is missing');
  if (batch.compression() !== null)
    fail('it is compressed, as if another program had written the file again');
  const bodyLength = count(message.bodyLength(), maxBody, 'body length');
  if (bodyLength % 8 !== 0) fail(`got body length ${bodyLength}, expected a multiple of 8`);
  const rows = count(batch.length(), Math.min(bodyLength * 8, 2 ** 31 - 1), 'number of rows');

  const lists = columns.filter(({ type }) => isList(type)).length;
  const strings = columns.filter(({ type }) => type === 'utf8' || type === 'binary').length;
  const nodes = columns.length + lists;
  const buffers = 2 * columns.length + strings + 2 * lists;
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
      const values = nextRegion(Math.ceil(rows * widths[type]), name);
      return { nulls, validity, offsets: undefined, values, elements: rows };
    }
    const offsets = nextRegion(rows === 0 ? 0 : 4 * (rows + 1), `${name} offsets`);
    if (!isList(type))
      return { nulls, validity, offsets, values: nextRegion(0, name), elements: Number.POSITIVE_INFINITY };
    const child = nextNode(name, false);
    nextRegion(0, `${name} validity`);
    const width = type === 'list<int64>' ? 8 : 4;
    return {
      nulls,
      validity,
      offsets,
      values: nextRegion(child.length * width, name),
      elements: child.length,
    };
  });
  const metadata = pairs(message.customMetadataLength(), (i) => message.customMetadata(i), {
    left: bytes.byteLength,
  });
  return { kind: 'batch', bodyLength, rows, columns: parsed, metadata };
}

const isPlain = (type: ColumnType): type is keyof typeof widths => type in widths;

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

/** Throws where the file's columns are not the ones expected. */
export function checkColumns(found: SchemaMessage, expected: readonly Column[]): void {
  const show = (columns: readonly { name: string; type: string }[]): string =>
    columns
      .map(({ name, type }) => `${name} ${type}`)
      .join(', ')
      .slice(0, 400);
  const [got, wanted] = [show(found.columns), show(expected)];
  const nullable = found.columns.every((column, i) => column.nullable === (expected[i]?.nullable ?? false));
  if (got !== wanted || found.columns.length !== expected.length || !nullable)
    fail(`got columns ${got}${nullable ? '' : ' (nullability differs)'}, expected ${wanted}`);
}
