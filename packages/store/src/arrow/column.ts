/** @file The few Arrow column types that this package's files are made of, as data. */
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint16,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { concatenate } from '../bytes.ts';

/** The memory of columns with a number a row. */
export const arrays = {
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Types with one value of a fixed size a row. */
export type PlainType = keyof typeof arrays | 'bool';
export type ColumnType = PlainType | 'utf8' | 'binary' | 'list<int64>' | 'list<float32>';

/** One column of a file. `metadata` goes into the Arrow field (units, meaning). */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A column that says what its values mean, in one sentence, and in which unit they are. */
export const column = (
  name: string,
  type: ColumnType,
  meaning: string,
  unit?: string,
  nullable = false,
): Column => ({ name, type, nullable, metadata: { ...(unit !== undefined && { unit }), meaning } });

export const isPlain = (type: ColumnType): type is PlainType => type === 'bool' || type in arrays;

/** What a list is of; null for what is no list. */
export const itemOf = (type: ColumnType): 'int64' | 'float32' | null =>
  type === 'list<int64>' ? 'int64' : type === 'list<float32>' ? 'float32' : null;

/** Bytes of `rows` values of a column. */
export const plainBytes = (type: PlainType, rows: number): number =>
  type === 'bool' ? Math.ceil(rows / 8) : rows * arrays[type].BYTES_PER_ELEMENT;

const arrowTypes: Readonly<Record<ColumnType, () => DataType>> = {
  bool: () => new Bool(),
  uint16: () => new Uint16(),
  int32: () => new Int32(),
  uint32: () => new Uint32(),
  int64: () => new Int64(),
  float32: () => new Float32(),
  float64: () => new Float64(),
  utf8: () => new Utf8(),
  binary: () => new Binary(),
  'list<int64>': () => new List(new Field('item', new Int64(), false)),
  'list<float32>': () => new List(new Field('item', new Float32(), false)),
};

/** The Arrow schema of these columns. */
export function arrowSchema(
  columns: readonly Column[],
  metadata: Readonly<Record<string, string>> = {},
): Schema {
  const fields = columns.map(
    ({ name, type, nullable = false, metadata: notes = {} }) =>
      new Field(name, arrowTypes[type](), nullable, new Map(Object.entries(notes))),
  );
  return new Schema(fields, new Map(Object.entries(metadata)));
}

/** A record batch of `rows` rows; `metadata` stands in its message. */
export function recordBatch(
  schema: Schema,
  rows: number,
  children: readonly Data[],
  metadata: Readonly<Record<string, string>> = {},
): RecordBatch {
  const data = makeData({
    type: new Struct(schema.fields),
    length: rows,
    nullCount: 0,
    children: [...children],
  });
  return new RecordBatch(schema, data, new Map(Object.entries(metadata)));
}

type Numbers =
  | Uint8Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array;

/** A bit a row, least significant first, 1 where there is a value; and how many rows have none. */
interface Validity {
  readonly bits: Uint8Array;
  readonly nulls: number;
}

const nullsOf = (validity: Validity | undefined) => ({
  nullCount: validity?.nulls ?? 0,
  nullBitmap: validity && validity.nulls > 0 ? validity.bits : undefined,
});

/** A column of values one a row; of `bool`, a bit a row. */
export const plainData = (type: PlainType, values: Numbers, rows: number, validity?: Validity): Data =>
  makeData({
    type: arrowTypes[type]() as Int32,
    length: rows,
    ...nullsOf(validity),
    data: values as Int32Array,
  });

/** A column of strings or bytes, not copied: row i is `bytes` from offset i to before offset i + 1. */
export const textData = (
  type: 'utf8' | 'binary',
  offsets: Int32Array,
  bytes: Uint8Array,
  validity?: Validity,
): Data =>
  makeData({
    type: arrowTypes[type]() as Utf8,
    length: offsets.length - 1,
    ...nullsOf(validity),
    valueOffsets: offsets,
    data: bytes,
  });

/** One row of a string, or of bytes, not copied. */
export const textRow = (text: string | Uint8Array): Data =>
  typeof text === 'string' ? bytesRow('utf8', new TextEncoder().encode(text)) : bytesRow('binary', text);

const bytesRow = (type: 'utf8' | 'binary', bytes: Uint8Array): Data =>
  textData(type, Int32Array.of(0, bytes.byteLength), bytes);

/** One row of a list. */
export function listRow(values: BigInt64Array | Float32Array): Data {
  const item = values instanceof Float32Array ? 'float32' : 'int64';
  return makeData({
    type: arrowTypes[`list<${item}>`]() as List<Float32>,
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, values.length),
    child: plainData(item, values, values.length) as Data<Float32>,
  });
}

/** A column of plain values, null where there is none; of `int64` whole numbers. */
export function valuesData(type: PlainType | 'utf8', values: readonly unknown[]): Data {
  const rows = values.length;
  const nulls = values.filter((value) => value === null).length;
  const validity = { bits: bitsOf(values, (value) => value !== null), nulls };
  if (type === 'utf8') {
    const texts = values.map((value) => new TextEncoder().encode((value ?? '') as string));
    const offsets = new Int32Array(rows + 1);
    for (const [i, { byteLength }] of texts.entries()) offsets[i + 1] = offsets[i]! + byteLength;
    return textData(type, offsets, concatenate(texts), validity);
  }
  if (type === 'bool') {
    const bits = bitsOf(values, (value) => value === true);
    return plainData(type, bits, rows, validity);
  }
  const typed = new arrays[type](rows);
  for (const [i, value] of values.entries())
    if (value !== null) typed[i] = type === 'int64' ? BigInt(value as number) : (value as number);
  return plainData(type, typed, rows, validity);
}

/** A bit a row, least significant first: whether its value passes the test. */
function bitsOf(values: readonly unknown[], test: (value: unknown) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [i, value] of values.entries()) if (test(value)) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
