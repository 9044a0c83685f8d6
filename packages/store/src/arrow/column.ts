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

/** Element types of one value a row. */
export type PrimitiveType = 'int32' | 'int64' | 'uint16' | 'uint32' | 'float32' | 'float64';
export type ColumnType = PrimitiveType | 'bool' | 'utf8' | 'binary' | 'list<int64>' | 'list<float32>';

/** One column of a file. `metadata` goes into the Arrow field (units, meaning). */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Bytes of one value; a bit is an eighth. */
export const widths: Readonly<Record<PrimitiveType | 'bool', number>> = {
  bool: 1 / 8,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  float64: 8,
};

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

export const isList = (type: ColumnType): type is 'list<int64>' | 'list<float32>' => type.startsWith('list<');

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

type Numbers = Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array | BigInt64Array;

/** Values one a row; `validity` has a bit a row, 1 where there is a value. */
export function primitiveData(
  type: PrimitiveType,
  values: Numbers,
  validity?: { readonly bits: Uint8Array; readonly nulls: number },
): Data {
  const nulls = validity?.nulls ?? 0;
  return makeData({
    type: arrowTypes[type]() as Int32,
    length: values.length,
    nullCount: nulls,
    nullBitmap: nulls > 0 ? validity?.bits : undefined,
    data: values as Int32Array,
  });
}

/** One bit a row, least significant first; `validity` as in `primitiveData`. */
export function boolData(
  values: Uint8Array,
  rows: number,
  validity?: { readonly bits: Uint8Array; readonly nulls: number },
): Data {
  const nullCount = validity?.nulls ?? 0;
  const nullBitmap = nullCount > 0 ? validity?.bits : undefined;
  return makeData({ type: new Bool(), length: rows, nullCount, nullBitmap, data: values });
}

/** Strings; null where there is none. */
export function utf8Data(strings: readonly (string | null)[]): Data {
  const encoder = new TextEncoder();
  const pieces = strings.map((text) => encoder.encode(text ?? ''));
  const offsets = new Int32Array(strings.length + 1);
  for (let i = 0; i < pieces.length; i++) offsets[i + 1] = offsets[i]! + pieces[i]!.byteLength;
  const bytes = new Uint8Array(offsets[strings.length]!);
  const bits = new Uint8Array(Math.ceil(strings.length / 8));
  let nulls = 0;
  for (let i = 0; i < pieces.length; i++) {
    bytes.set(pieces[i]!, offsets[i]);
    if (strings[i] === null) nulls += 1;
    else bits[i >> 3]! |= 1 << (i & 7);
  }
  const nullBitmap = nulls > 0 ? bits : undefined;
  return makeData({
    type: new Utf8(),
    length: strings.length,
    nullCount: nulls,
    nullBitmap,
    valueOffsets: offsets,
    data: bytes,
  });
}

/** One row of bytes, not copied. */
export const binaryRow = (bytes: Uint8Array): Data =>
  makeData({
    type: new Binary(),
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, bytes.byteLength),
    data: bytes,
  });

/** One row of a list. */
export function listRow(values: BigInt64Array | Float32Array): Data {
  const [type, child] =
    values instanceof Float32Array
      ? (['list<float32>', primitiveData('float32', values)] as const)
      : (['list<int64>', primitiveData('int64', values)] as const);
  return makeData({
    type: arrowTypes[type]() as List<Float32>,
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, values.length),
    child: child as Data<Float32>,
  });
}
