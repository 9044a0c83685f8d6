/** @file A table that is known as a whole: columns as of statistics, without steps; one Arrow file, there wholly or not at all. */
import { arrowSchema } from '../arrow/column.ts';
import { arrowFileEncoder } from '../arrow/encode.ts';
import { checkMetadata, type Metadata } from '../arrow/metadata.ts';
import { writeAtomically } from '../place/place.ts';
import { type StatisticsRow, type StatisticsSchema, statisticsColumns } from './layout.ts';
import { checkRow, encodeRows } from './rows.ts';

export interface Table<S extends StatisticsSchema> {
  /** Adds a record batch; its rows are kept encoded. Throws an `OctavoError` for a row that doesn't fit the schema. */
  append(rows: readonly StatisticsRow<S>[]): void;
  /** Writes all of it. Every reader of Arrow files opens it. */
  write(path: string): Promise<void>;
}

/** Begins one; `metadata` goes into its schema, a column's unit and meaning into its field. */
export function createTable<const S extends StatisticsSchema>(schema: S, metadata: Metadata = {}): Table<S> {
  checkMetadata(metadata);
  const arrow = arrowSchema(statisticsColumns(schema), metadata);
  const encoder = arrowFileEncoder(arrow);
  const batches: Uint8Array[] = [];
  return {
    append(rows) {
      for (const row of rows) checkRow(schema, row);
      if (rows.length > 0) batches.push(...encoder.batch(encodeRows(arrow, schema, rows, {})));
    },
    write: (path) =>
      writeAtomically(path, (write) => write([...encoder.start, ...batches, ...encoder.end()])),
  };
}
