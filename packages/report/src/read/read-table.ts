/** @file Columns of an Arrow table as plain values; the file may be anyone's, so each is checked. */
import { readFile } from 'node:fs/promises';
import { OctavoError } from '@octavo/formats';
import { type Table, tableFromIPC } from 'apache-arrow';

/** The value of a row in a column of numbers; null where there is none, it is not finite, or the column is missing. */
export function numbersOf(table: Table, column: string): (row: number) => number | null {
  const vector = table.getChild(column);
  return (row) => {
    const value: unknown = vector?.get(row);
    const number = typeof value === 'bigint' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : null;
  };
}

/** The same for a column of text, the empty text where there is none. */
export function textsOf(table: Table, column: string): (row: number) => string {
  const vector = table.getChild(column);
  return (row) => {
    const value: unknown = vector?.get(row);
    return typeof value === 'string' ? value : '';
  };
}

/** A whole Arrow file of any columns. */
export async function readArrow(path: string): Promise<Table> {
  const bytes = await readFile(path);
  try {
    const table = tableFromIPC(bytes);
    // Buffers are only looked at when a value is: a file that was cut off is found out here, not in the page.
    for (const { name } of table.schema.fields)
      if (table.numRows > 0) table.getChild(name)?.get(table.numRows - 1);
    return table;
  } catch (cause) {
    throw new OctavoError(
      `[report] ${path} is not an Arrow file or is damaged: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
