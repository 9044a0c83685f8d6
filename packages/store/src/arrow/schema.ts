/** @file Reading an Arrow schema that may lie: names, types and metadata of its columns. */
import { Field } from 'apache-arrow/fb/field';
import { FloatingPoint } from 'apache-arrow/fb/floating-point';
import { Int } from 'apache-arrow/fb/int';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { Schema } from 'apache-arrow/fb/schema';
import { Type } from 'apache-arrow/fb/type';
import { ByteBuffer } from 'flatbuffers';
import type { Column } from './column.ts';
import { count, fail, pairs, text } from './malformed.ts';

export interface SchemaMessage {
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_COLUMNS = 1024;

/** A schema message (`bytes` is the flatbuffer alone). */
export function parseSchemaMessage(bytes: Uint8Array): SchemaMessage {
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
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
  return { columns, metadata };
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
