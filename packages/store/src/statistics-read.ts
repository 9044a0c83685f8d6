/** @file Reading statistics at any moment: while they are written, after a kill, cut off anywhere. */
import { OctavoError } from '@octavo/formats';
import { type RecordBatch, Table } from 'apache-arrow';
import { decodeBatch } from './arrow-decode.ts';
import { scanStream } from './arrow-stream.ts';
import { arrowSchema } from './column.ts';
import { fileError } from './file-error.ts';
import { openReadable, type ReadableFile } from './readable-file.ts';

/**
 * All whole batches of a statistics file as an Arrow table; a partial batch at the end is left out.
 * Throws an `OctavoError` where the file is missing, or doesn't begin with the schema of an Arrow stream.
 */
export async function readStatistics(path: string): Promise<Table> {
  const file = await openReadable(path);
  const bytes = await readWhole(file).finally(() => file.close());
  const scan = scanStream(path, bytes.byteLength, (position, length) =>
    bytes.subarray(position, position + length),
  );
  if (scan === undefined)
    throw new OctavoError(
      `[store] ${path} is cut off: got ${bytes.byteLength} bytes, expected at least its schema`,
    );
  const schema = arrowSchema(scan.columns, scan.schema.metadata);
  const batches: RecordBatch[] = [];
  for (const batch of scan.batches()) batches.push(decodeBatch(schema, scan.columns, batch));
  return new Table(schema, batches);
}

async function readWhole(file: ReadableFile): Promise<Uint8Array> {
  try {
    return await file.read(0, file.size);
  } catch (error) {
    throw fileError('read', file.path, error);
  }
}
