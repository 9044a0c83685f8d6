/** @file Appending statistics so that the file is a whole Arrow file at every moment, whoever reads it or kills the writer. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { arrowSchema } from '../arrow/column.ts';
import { arrowEncoder, arrowFileEnd, arrowFileStart, type Block } from '../arrow/encode.ts';
import type { Metadata } from '../arrow/metadata.ts';
import { concatenate } from '../bytes.ts';
import { writing } from '../file-error.ts';
import { makeFolder } from '../make-folder.ts';
import { sealBatch } from './batch.ts';
import { replaceTail, syncFile, withSource } from './file.ts';
import { type StatisticsRow, type StatisticsSchema, statisticsColumns } from './layout.ts';
import { keepBefore } from './resume.ts';
import { checkRow, encodeRows, type PlainRow } from './rows.ts';
import { sealSchema } from './schema.ts';

export interface StatisticsOptions {
  /** Continue an existing file: rows of this step and later ones are dropped, and what a kill left half written. */
  readonly resumeAtStep?: number;
  /**
   * Rows are gathered for at most this long before an `append` writes them as one batch (default 1000; 0: each append).
   * Longer where writing takes long, so that it stays below 2 % of the time.
   */
  readonly flushMilliseconds?: number;
  /** Strings for the schema of a new file (run, recipe, model, …); a file that is continued keeps its own. */
  readonly metadata?: Metadata;
}

/** A statistics file open for appending. */
export interface StatisticsWriter<S extends StatisticsSchema> {
  readonly path: string;
  /**
   * Of a file that went on: the last step that it told of, 0: none, where its end was not whole. Every kill leaves a whole one,
   * so rows behind that are lost to the disk; null: nothing is lost.
   */
  readonly cutAfter: number | null;
  /** Adds rows. Throws an `OctavoError` for a row that doesn't fit the schema, or when the disk is full. */
  append(rows: readonly StatisticsRow<S>[]): void;
  /** Writes what was gathered and brings it to the disk; do this with each checkpoint. */
  flush(): void;
  close(): void;
}

/** Times the last writing took that pass before an `append` writes again. */
const PATIENCE = 50;

/**
 * Opens `path` for appending batches of `schema`. Each flush makes a copy of the file, writes the new batch over its old
 * footer and a new footer behind it in one write, and gives the copy the name: so every reader of Arrow files opens it
 * at any moment, and after a kill. Throws an `OctavoError` where the file exists and `resumeAtStep` isn't given, and
 * where it is damaged or has other columns; it then stays as it is.
 */
export function openStatistics<const S extends StatisticsSchema>(
  path: string,
  schema: S,
  options: StatisticsOptions = {},
): StatisticsWriter<S> {
  const { resumeAtStep, flushMilliseconds = 1000, metadata = {} } = options;
  if (schema.step?.type !== 'int32' || schema.step.nullable)
    throw new OctavoError(
      '[store] statistics schema lacks a step: expected a column step, int32, not nullable',
    );
  if (resumeAtStep === undefined && existsSync(path))
    throw new OctavoError(
      `[store] ${path} already exists: give resumeAtStep to continue it, or choose another folder`,
    );
  const file = writing(path, () => openFile(path, schema, metadata, resumeAtStep));
  let waiting: PlainRow[] = [];
  let due = Number.NEGATIVE_INFINITY;
  let closed = false;

  const write = (durable: boolean): void => {
    const began = performance.now();
    if (waiting.length > 0) file.append(waiting, durable);
    else if (durable) syncFile(path);
    waiting = [];
    const now = performance.now();
    due = now + (flushMilliseconds === 0 ? 0 : Math.max(flushMilliseconds, PATIENCE * (now - began)));
  };
  return {
    path,
    cutAfter: file.cutAfter,
    append(rows) {
      if (closed) throw new OctavoError(`[store] ${path} is closed: open it again to append`);
      for (const row of rows) checkRow(schema, row);
      for (const row of rows) waiting.push({ ...row });
      if (waiting.length > 0 && performance.now() >= due) writing(path, () => write(false));
    },
    flush() {
      if (!closed) writing(path, () => write(true));
    },
    close() {
      if (closed) return;
      closed = true;
      if (waiting.length > 0) writing(path, () => write(false));
    },
  };
}

interface OpenFile {
  readonly cutAfter: number | null;
  append(rows: readonly PlainRow[], durable: boolean): void;
}

/** A new file, or what is kept of one that is there, with a footer behind it. */
function openFile(
  path: string,
  schema: StatisticsSchema,
  metadata: Metadata,
  resumeAtStep: number | undefined,
): OpenFile {
  const columns = statisticsColumns(schema);
  makeFolder(dirname(path));
  const there = resumeAtStep !== undefined && existsSync(path);
  const found = there
    ? withSource(path, (source) => ({ size: source.size, kept: keepBefore(source, columns, resumeAtStep) }))
    : { size: 0, kept: undefined };
  const { kept } = found;
  const arrow = arrowSchema(columns, kept?.metadata ?? sealSchema(columns, metadata));
  const encoder = arrowEncoder(arrow);
  const start = kept === undefined ? arrowFileStart(encoder) : [];
  const blocks: Block[] = [...(kept?.blocks ?? [])];
  let end = kept?.end ?? 0;
  let size = found.size;

  const publish = (
    pieces: readonly Uint8Array[],
    position: number,
    added: Block | null,
    durable: boolean,
  ): void => {
    const all = added === null ? blocks : [...blocks, added];
    const bytes = concatenate([...pieces, ...arrowFileEnd(arrow, all)]);
    replaceTail(path, { keep: end, expected: size, durable }, bytes);
    if (added !== null) blocks.push(added);
    size = end + bytes.byteLength;
    end = position;
  };
  const append = (rows: readonly PlainRow[], durable: boolean): void => {
    const { pieces, metadataLength, bodyLength } = sealBatch(encoder, columns, blocks.length, (notes) =>
      encodeRows(arrow, schema, rows, notes),
    );
    const block = { position: end, metadataLength, bodyLength };
    publish(pieces, end + metadataLength + bodyLength, block, durable);
  };
  if (kept === undefined || (kept.rows.length === 0 && !kept.whole))
    publish(
      start,
      start.reduce((sum, { byteLength }) => sum + byteLength, end),
      null,
      true,
    );
  else if (kept.rows.length > 0) append(kept.rows, true);
  const cutAfter = kept ? kept.cutAfter : there && found.size > 0 ? 0 : null;
  return { append, cutAfter };
}
