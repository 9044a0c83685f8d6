/** @file What of a statistics file stays when a run goes on at a step: every row before it, whatever a kill left behind them. */
import { Table } from 'apache-arrow';
import { arrowSchema, type Column } from '../arrow/column.ts';
import { decodeBatch } from '../arrow/decode.ts';
import type { Block } from '../arrow/encode.ts';
import { guarded } from '../arrow/malformed.ts';
import type { Metadata } from '../arrow/metadata.ts';
import { checkColumns } from '../arrow/schema.ts';
import { badFile } from '../file-error.ts';
import type { StatisticsBatch } from './batch.ts';
import type { PlainRow } from './rows.ts';
import { isTorn, nextBatch, readHead, type Source, type StatisticsHead, scanStatistics } from './scan.ts';

/** The part of a file that stays as it is, and the rows that stand behind it. */
export interface Kept {
  /** Of its schema. */
  readonly metadata: Metadata;
  readonly blocks: readonly Block[];
  /** Where its last batch ends. */
  readonly end: number;
  /** Rows of batches that also hold later ones: they are written again. */
  readonly rows: readonly PlainRow[];
  /** Nothing is to be left out and the footer is whole. */
  readonly whole: boolean;
  /** The last step told of by a file without a whole footer, 0: none; null: its footer is whole. */
  readonly cutAfter: number | null;
}

/**
 * Looks at a file that is to go on at `step`; undefined for one that never got its schema. Later steps' rows and a torn
 * tail are left out and nothing else: throws an `OctavoError` where the file is damaged, of another kind or of other
 * columns, and leaves it as it is.
 */
export function keepBefore(source: Source, columns: readonly Column[], step: number): Kept | undefined {
  const { path, size } = source;
  const head = readHead(source);
  if (head === undefined) {
    if (isTorn(source, size + 1) && nextBatch(source, columns, 0) === undefined) return undefined;
    throw badFile(`[store] ${path} is damaged: its schema is not where it should be`);
  }
  guarded(path, () => checkColumns(head.message, columns));
  const stepColumn = columns.findIndex(({ name }) => name === 'step');
  const blocks: Block[] = [];
  const rows: PlainRow[] = [];
  let end = head.first;
  let cut = false;
  let last = 0;
  const { whole } = scanStatistics(source, head, (batch) => {
    const steps = int32Values(batch, stepColumn);
    cut ||= steps.some((value) => value >= step);
    for (const value of steps) last = Math.max(last, value);
    if (cut) rows.push(...rowsBefore(head, batch, step));
    else {
      blocks.push(batch.block);
      end = batch.end;
    }
  });
  return {
    metadata: head.message.metadata,
    blocks,
    end,
    rows,
    whole: whole && !cut,
    cutAfter: whole ? null : last,
  };
}

function int32Values({ header, body }: StatisticsBatch, column: number): Int32Array {
  const { values } = header.columns[column]!;
  const view = new DataView(body.buffer, body.byteOffset + values.offset, 4 * header.rows);
  return Int32Array.from({ length: header.rows }, (_, i) => view.getInt32(4 * i, true));
}

function rowsBefore({ columns }: StatisticsHead, batch: StatisticsBatch, step: number): PlainRow[] {
  const schema = arrowSchema(columns);
  return [...new Table(schema, [decodeBatch(schema, columns, batch.header, batch.body)])]
    .map((row): PlainRow => row.toJSON())
    .filter((row) => Number(row.step) < step);
}
