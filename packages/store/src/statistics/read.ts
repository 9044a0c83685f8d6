/** @file Reading statistics at any moment: while they are written, after a kill, cut off anywhere. */
import { type RecordBatch, Table } from 'apache-arrow';
import { arrowSchema } from '../arrow/column.ts';
import { decodeBatch } from '../arrow/decode.ts';
import { badFile } from '../file-error.ts';
import { openReadable } from '../place/place.ts';
import type { StatisticsColumn, StatisticsSchema, StoredRow } from './layout.ts';
import { readHead, type Source, scanStatistics } from './scan.ts';

export interface ReadStatisticsOptions {
  /** Hears in one line what was left out: a torn tail, and, instead of an error, batches that are damaged. */
  readonly leftOut?: (what: string) => void;
}

/**
 * All whole batches of a statistics file as an Arrow table, each checked against its CRC; a torn tail is left out.
 * Throws an `OctavoError` where the file is missing, of another kind, or damaged elsewhere, and names the batch.
 */
export async function readStatistics(path: string, options: ReadStatisticsOptions = {}): Promise<Table> {
  const file = await openReadable(path);
  const bytes = await file.read(0, file.size).finally(() => file.close());
  const read: Source['read'] = (position, length) => bytes.subarray(position, position + length);
  const source: Source = { path, size: bytes.byteLength, read };
  const head = readHead(source);
  if (head === undefined)
    throw badFile(`[store] ${path} is cut off: got ${bytes.byteLength} bytes, expected at least its schema`);
  const schema = arrowSchema(head.columns, head.message.metadata);
  const batches: RecordBatch[] = [];
  const { leftOut } = options;
  const { torn } = scanStatistics(
    source,
    head,
    ({ header, body }) => batches.push(decodeBatch(schema, head.columns, header, body)),
    leftOut,
  );
  if (torn !== null) leftOut?.(torn);
  return new Table(schema, batches);
}

/**
 * The rows of a file as a schema declares them: of an int64 a number, null where a column that may be absent is. Other
 * columns are passed by. Throws as `readStatistics` does, and where a value that must be there is not.
 */
export async function readRows<const S extends StatisticsSchema>(
  path: string,
  schema: S,
  options: ReadStatisticsOptions = {},
): Promise<StoredRow<S>[]> {
  const table = await readStatistics(path, options);
  const columns = Object.entries(schema).map(([name, column]) => {
    const vector = table.getChild(name);
    return [
      name,
      (row: number): unknown => plain(vector?.get(row), column, `${path}, row ${row}: ${name}`),
    ] as const;
  });
  return Array.from(
    { length: table.numRows },
    (_, row) => Object.fromEntries(columns.map(([name, at]) => [name, at(row)])) as StoredRow<S>,
  );
}

function plain(value: unknown, { type, nullable }: StatisticsColumn, where: string): unknown {
  const plain = typeof value === 'bigint' ? Number(value) : value;
  const expected = type === 'utf8' ? 'string' : type === 'bool' ? 'boolean' : 'number';
  if (typeof plain === expected) return plain;
  if (nullable) return null;
  throw badFile(`[store] ${where} is missing: expected a ${expected}`);
}
