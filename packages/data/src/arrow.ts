/** @file Arrow files and streams of strangers, a record batch at a time. */
import { open } from 'node:fs/promises';
import { OctavoError, visible } from '@octavo/formats';
import {
  CompressionType,
  compressionRegistry,
  DataType,
  type RecordBatch,
  RecordBatchReader,
  type Vector,
} from 'apache-arrow';
import { arrowMessages, checkArrowFile, isArrowFile } from './arrow-messages.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import { chosenColumns, type Row } from './row.ts';
import { badInput, LARGEST } from './text-file.ts';
import { loadZstandard } from './zstandard.ts';

/**
 * The rows of a file or a stream, of all columns or of the first set of them that is there (one has to be); strings have to be UTF-8. Memory
 * follows the largest batch. Throws an `OctavoError` (exit code 2).
 */
export async function* readArrow(
  path: string,
  name: string,
  sets?: readonly (readonly string[])[],
): AsyncGenerator<Row> {
  const handle = await open(path, 'r');
  try {
    await addCodecs();
    const isFile = await isArrowFile(handle);
    if (isFile) await checkArrowFile(handle);
    const reader = await (isFile
      ? RecordBatchReader.from(handle)
      : RecordBatchReader.from(arrowMessages(handle)));
    await reader.open();
    const names = reader.schema.fields.map((field) => field.name);
    const columns = chosenColumns(name, names, sets);
    let row = 0;
    for await (const batch of reader) {
      const values = (columns ?? names).map((column) => [column, valuesOf(batch, column)] as const);
      for (let i = 0; i < batch.numRows; i++)
        yield {
          where: `${name}, row ${++row}`,
          value: Object.fromEntries(values.map(([column, at]) => [column, at(i)])),
        };
    }
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw badInput(
      `${name} is not an Arrow file that can be read: got ${visible(why)}, expected a whole one: write it again`,
      cause,
    );
  } finally {
    await handle.close();
  }
}

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
