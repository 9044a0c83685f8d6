/** @file Arrow files and streams of strangers, a record batch at a time. */
import type { FileHandle } from 'node:fs/promises';
import {
  CompressionType,
  compressionRegistry,
  type Data,
  DataType,
  type RecordBatch,
  RecordBatchReader,
  Type,
  type Vector,
} from 'apache-arrow';
import { arrowMessages, checkArrowFile, isArrowFile } from './arrow-messages.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import { LARGEST } from './text-file.ts';
import { loadZstandard } from './zstandard.ts';

/** A file or a stream, opened to be read batch by batch. */
export async function openArrow(handle: FileHandle) {
  await addCodecs();
  const isFile = await isArrowFile(handle);
  if (isFile) await checkArrowFile(handle);
  const reader = await (isFile
    ? RecordBatchReader.from(handle)
    : RecordBatchReader.from(arrowMessages(handle)));
  await reader.open();
  return {
    names: reader.schema.fields.map((field) => field.name),
    async *batches(columns: readonly string[]) {
      for await (const batch of reader) yield rowsOf(batch, columns);
    },
  };
}

function* rowsOf(batch: RecordBatch, columns: readonly string[]): Generator<unknown> {
  checkRoom(batch.data);
  const values = columns.map((column) => [column, valuesOf(batch, column)] as const);
  for (let row = 0; row < batch.numRows; row++)
    yield Object.fromEntries(values.map(([column, at]) => [column, at(row)]));
}

const WITH_OFFSETS: ReadonlySet<Type> = new Set([
  ...[Type.Utf8, Type.LargeUtf8, Type.Binary, Type.LargeBinary],
  ...[Type.List, Type.LargeList, Type.Map],
]);
const WITHOUT_BUFFERS: ReadonlySet<Type> = new Set([Type.Null, Type.Struct, Type.FixedSizeList]);

/** Throws where a column has fewer values than it claims: the library goes on with none, for as many rows as are claimed. */
function checkRoom({ type, length, stride, children, dictionary, ...buffers }: Data): void {
  const { nullBitmap, valueOffsets, values, typeIds } = buffers as unknown as Partial<
    Record<BufferName, { readonly length: number }>
  >;
  const room = (what: string, held: number): void => {
    if (held < length) throw new Error(`${Math.max(0, held)} ${what} of ${length} values`);
  };
  if (nullBitmap?.length) room('validities', 8 * nullBitmap.length);
  if (DataType.isUnion(type)) room('types', typeIds?.length ?? 0);
  else if (length > 0 && WITH_OFFSETS.has(type.typeId)) room('offsets', (valueOffsets?.length ?? 0) - 1);
  else if (!WITHOUT_BUFFERS.has(type.typeId))
    room('values', ((values?.length ?? 0) * (DataType.isBool(type) ? 8 : 1)) / stride);
  for (const child of [...children, ...(dictionary?.data ?? [])]) checkRoom(child);
}
type BufferName = 'nullBitmap' | 'valueOffsets' | 'values' | 'typeIds';

async function addCodecs(): Promise<void> {
  const zstandard = await loadZstandard();
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => unpackLz4Frame(bytes, LARGEST) });
  compressionRegistry.set(CompressionType.ZSTD, {
    decode(bytes) {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for (const piece of zstandard([bytes])) {
        length += piece.length;
        if (length > LARGEST) throw new Error(`more than ${LARGEST} bytes, unpacked`);
        pieces.push(piece);
      }
      return new Uint8Array(Buffer.concat(pieces));
    },
  });
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A column's value by row. Offsets of strings may lie, and their bytes need not be UTF-8. */
function valuesOf(batch: RecordBatch, column: string): (row: number) => unknown {
  const vector = batch.getChild(column) as Vector;
  const { type } = vector;
  if (!DataType.isUtf8(type) && !DataType.isLargeUtf8(type)) return (row) => plain(vector.get(row));
  const [{ valueOffsets, values }] = vector.data as unknown as [
    { valueOffsets: Int32Array | BigInt64Array; values: Uint8Array },
  ];
  return (row) => {
    if (!vector.isValid(row)) return null;
    const [from, to] = [Number(valueOffsets[row]), Number(valueOffsets[row + 1])];
    if (!(from >= 0 && to >= from && to <= values.length))
      throw new Error(`a text from ${from} to ${to} of ${values.length} bytes`);
    return strict.decode(values.subarray(from, to));
  };
}

/** Values of a list at most. */
const LONGEST = 2 ** 16;

/** Lists and structures as arrays and objects. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const { length = 0 } = value as { length?: number };
  if (length > LONGEST) throw new Error(`a list of ${length} values`);
  const json = (value as { toJSON?: () => unknown }).toJSON?.() ?? value;
  if (Array.isArray(json)) return json.map(plain);
  return Object.fromEntries(Object.entries(json as object).map(([key, inside]) => [key, plain(inside)]));
}
