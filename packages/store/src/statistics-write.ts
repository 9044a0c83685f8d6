/** @file Appending statistics so that the file is a whole Arrow stream at every moment, whoever kills the writer. */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { type Schema, Table } from 'apache-arrow';
import { decodeBatch } from './arrow-decode.ts';
import { type ArrowEncoder, arrowEncoder, concatenate, END_OF_STREAM } from './arrow-encode.ts';
import { checkColumns, guarded } from './arrow-message.ts';
import { int32Values, type StreamBatch, scanStream } from './arrow-stream.ts';
import { arrowSchema } from './column.ts';
import { fileError } from './file-error.ts';
import {
  STATISTICS_LAYOUT,
  type StatisticsRow,
  type StatisticsSchema,
  statisticsColumns,
} from './statistics.ts';
import { checkRow, encodeRows, type PlainRow } from './statistics-rows.ts';
import { temporaryPath } from './write-atomically.ts';

export interface StatisticsOptions {
  /** Continue an existing file: rows of this step and later ones are dropped, and what a kill left half written. */
  readonly resumeAtStep?: number;
  /** Rows are gathered for at most this long before an `append` writes them as one batch (default 1000; 0: each append). */
  readonly flushMilliseconds?: number;
}

/** A statistics file open for appending. */
export interface StatisticsWriter<S extends StatisticsSchema> {
  readonly path: string;
  /** Adds rows. Throws an `OctavoError` for a row that doesn't fit the schema, or when the disk is full. */
  append(rows: readonly StatisticsRow<S>[]): void;
  /** Writes what was gathered and brings it to the disk; do this with each checkpoint. */
  flush(): void;
  close(): void;
}

/**
 * Opens `path` for appending batches of `schema`. The file always ends with the end-of-stream mark: a new batch is
 * written behind it, with a mark of its own, and its first eight bytes then replace the old mark in one write. So an
 * ordinary reader sees whole batches and an end at any moment, and after a kill.
 * Throws an `OctavoError` where the file exists and `resumeAtStep` isn't given, or it has other columns.
 */
export function openStatistics<const S extends StatisticsSchema>(
  path: string,
  schema: S,
  options: StatisticsOptions = {},
): StatisticsWriter<S> {
  const { resumeAtStep, flushMilliseconds = 1000 } = options;
  if (schema.step?.type !== 'int32' || schema.step.nullable)
    throw new OctavoError(
      '[store] statistics schema lacks a step: expected a column step, int32, not nullable',
    );
  const arrow = arrowSchema(statisticsColumns(schema), { 'octavo.layout': STATISTICS_LAYOUT });
  const encoder = arrowEncoder(arrow);
  if (resumeAtStep === undefined && existsSync(path))
    throw new OctavoError(
      `[store] ${path} already exists: give resumeAtStep to continue it, or choose another folder`,
    );
  const target: Target = { path, schema, arrow, encoder };
  const opened = attempt(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    if (resumeAtStep === undefined || !existsSync(path)) return create(target, []);
    return resume(target, resumeAtStep);
  });
  const { descriptor } = opened;
  let { end } = opened;
  let waiting: PlainRow[] = [];
  let last = Number.NEGATIVE_INFINITY;
  let closed = false;

  const write = (): void => {
    last = performance.now();
    if (waiting.length === 0) return;
    end = publish(descriptor, end, encoder, encodeRows(arrow, schema, waiting));
    waiting = [];
  };
  return {
    path,
    append(rows) {
      if (closed) throw new OctavoError(`[store] ${path} is closed: open it again to append`);
      for (const row of rows) checkRow(schema, row);
      for (const row of rows) waiting.push({ ...row });
      if (performance.now() - last >= flushMilliseconds) attempt(path, write);
    },
    flush() {
      if (closed) return;
      attempt(path, () => {
        write();
        fdatasyncSync(descriptor);
      });
    },
    close() {
      if (closed) return;
      closed = true;
      try {
        attempt(path, write);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

interface Target {
  readonly path: string;
  readonly schema: StatisticsSchema;
  readonly arrow: Schema;
  readonly encoder: ArrowEncoder;
}

interface Opened {
  readonly descriptor: number;
  /** Where the end-of-stream mark stands. */
  readonly end: number;
}

/** A new file of the schema, `pieces` (whole batches) and the mark, put under its name in one step. */
function create({ path, encoder }: Target, pieces: readonly Uint8Array[]): Opened {
  const temporary = temporaryPath(path);
  const bytes = concatenate([...encoder.schema.pieces, ...pieces, END_OF_STREAM]);
  const descriptor = openSync(temporary, 'w+');
  try {
    writeAt(descriptor, bytes, 0);
    fdatasyncSync(descriptor);
    renameSync(temporary, path);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  return { descriptor, end: bytes.byteLength - 8 };
}

/** Keeps the rows before `step`; in place where only a tail must go, else in a new file that replaces the old one. */
function resume(target: Target, step: number): Opened {
  const { path, schema, arrow, encoder } = target;
  const descriptor = openSync(path, 'r+');
  try {
    const read = (position: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, fstatSync(descriptor).size - position)));
      let at = 0;
      while (at < bytes.byteLength) {
        const got = readSync(descriptor, bytes, at, bytes.byteLength - at, position + at);
        if (got === 0) return bytes.subarray(0, at);
        at += got;
      }
      return bytes;
    };
    const scan = scanStream(path, fstatSync(descriptor).size, read);
    if (scan === undefined) {
      closeSync(descriptor);
      return create(target, []);
    }
    guarded(path, () => checkColumns(scan.schema, statisticsColumns(schema)));
    const stepColumn = Object.keys(schema).indexOf('step');
    let cut: number | undefined;
    let end = scan.first;
    const rescued: PlainRow[] = [];
    for (const batch of scan.batches()) {
      const steps = int32Values(batch, stepColumn);
      if (cut === undefined && steps.some((value) => value >= step)) cut = batch.position;
      if (cut === undefined) end = batch.end;
      else if (steps.some((value) => value < step)) rescued.push(...rowsBefore(target, batch, step));
    }
    if (rescued.length > 0) {
      const kept = read(scan.first, end - scan.first);
      const batch = encoder.batch(encodeRows(arrow, schema, rescued));
      closeSync(descriptor);
      return create(target, [kept, ...batch.pieces]);
    }
    writeAt(descriptor, END_OF_STREAM, end);
    ftruncateSync(descriptor, end + 8);
    fdatasyncSync(descriptor);
    return { descriptor, end };
  } catch (error) {
    try {
      closeSync(descriptor);
    } catch {
      // Closed above already.
    }
    throw error;
  }
}

function rowsBefore({ schema, arrow }: Target, batch: StreamBatch, step: number): PlainRow[] {
  return [...new Table(arrow, [decodeBatch(arrow, statisticsColumns(schema), batch)])]
    .map((row): PlainRow => row.toJSON())
    .filter((row) => Number(row.step) < step);
}

/** Writes a batch behind the mark at `end`, then over the mark. Gives the place of the new mark. */
function publish(
  descriptor: number,
  end: number,
  encoder: ArrowEncoder,
  batch: ReturnType<typeof encodeRows>,
): number {
  const bytes = concatenate([...encoder.batch(batch).pieces, END_OF_STREAM]);
  try {
    writeAt(descriptor, bytes.subarray(8), end + 8);
    writeAt(descriptor, bytes.subarray(0, 8), end);
  } catch (error) {
    try {
      ftruncateSync(descriptor, end + 8);
    } catch {
      // The mark still stands: what lies behind it is never read.
    }
    throw error;
  }
  return end + bytes.byteLength - 8;
}

function writeAt(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.byteLength; )
    at += writeSync(descriptor, bytes, at, bytes.byteLength - at, position + at);
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError('write', path, error);
  }
}
