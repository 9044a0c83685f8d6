/** @file Files of tables, batch by batch: what is the same whatever their format. */
import { type FileHandle, open } from 'node:fs/promises';
import { OctavoError, visible } from '@octavo/formats';
import { openArrow } from './arrow.ts';
import { openParquet } from './parquet.ts';
import type { Row } from './row.ts';
import { badInput } from './text-file.ts';

/** An open file. All that is wrong with it is thrown as a plain error that says what was got. */
interface Table {
  /** Of all columns. */
  readonly names: readonly string[];
  /** Rows with these columns, as many at a time as the file keeps together. */
  batches(columns: readonly string[]): AsyncIterable<Iterable<unknown>>;
}

const FORMATS = {
  Arrow: { article: 'an', open: openArrow },
  Parquet: { article: 'a', open: openParquet },
} as const satisfies Record<string, { article: string; open: (handle: FileHandle) => Promise<Table> }>;

/**
 * The rows of a file as objects, of all columns or of the first set of them that is there (one has to be). Memory follows the largest batch
 * (Arrow) or row group (Parquet), whatever codec it has; strings have to be UTF-8. Throws an `OctavoError` (exit code 2).
 */
export async function* readTable(
  format: keyof typeof FORMATS,
  path: string,
  name: string,
  sets?: readonly (readonly string[])[],
): AsyncGenerator<Row> {
  const { article, open: openTable } = FORMATS[format];
  const handle = await open(path, 'r');
  try {
    const table: Table = await openTable(handle);
    if (table.names.length === 0) throw new Error('no column, so its rows hold nothing');
    const columns = chosenColumns(name, table.names, sets) ?? table.names;
    let row = 0;
    for await (const batch of table.batches(columns))
      for (const value of batch) yield { where: `${name}, row ${++row}`, value };
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw badInput(
      `${name} is not ${article} ${format} file that can be read: got ${visible(why)}, expected a whole one: write it again`,
      cause,
    );
  } finally {
    await handle.close();
  }
}

/** The first of several sets of columns that a table has whole; undefined: all of them. Throws where it has none of the sets. */
function chosenColumns(
  table: string,
  names: readonly string[],
  sets: readonly (readonly string[])[] | undefined,
): readonly string[] | undefined {
  const found = sets?.find((set) => set.every((column) => names.includes(column)));
  if (found || !sets) return found;
  throw badInput(
    `${table} has no column "${sets[0]!.join('", "')}": got ${names.slice(0, 20).map(visible).join(', ') || 'none'}: name another field (--text-field)`,
  );
}
