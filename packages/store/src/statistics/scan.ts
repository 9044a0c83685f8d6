/** @file Walking a statistics file that may be torn or damaged, and telling the two apart. */
import type { Column } from '../arrow/column.ts';
import { type Block, END_OF_STREAM, MAGIC } from '../arrow/encode.ts';
import { parseFooter, schemaLength } from '../arrow/file.ts';
import { Malformed } from '../arrow/malformed.ts';
import type { SchemaMessage } from '../arrow/schema.ts';
import { sameBytes } from '../bytes.ts';
import { badFile } from '../file-error.ts';
import { batchAt, type Fault, type ReadStretch, type StatisticsBatch } from './batch.ts';
import { unsealSchema } from './schema.ts';

/** A file to walk. */
export interface Source {
  readonly path: string;
  readonly size: number;
  readonly read: ReadStretch;
}

export interface StatisticsHead {
  readonly message: SchemaMessage;
  readonly columns: readonly Column[];
  /** Where the first batch is. */
  readonly first: number;
}

/** What follows the batches: a whole end, or one that must be written again, and in it what was left out. */
export interface StatisticsEnd {
  /** Where the last batch ends. */
  readonly position: number;
  readonly whole: boolean;
  /** For people: null where no batch was begun that is not whole. */
  readonly torn: string | null;
}

/**
 * Reads the schema; undefined where the file is shorter than it. Throws an `OctavoError` where the file is of another
 * kind or its schema is damaged.
 */
export function readHead({ path, size, read }: Source): StatisticsHead | undefined {
  const start = read(0, 16);
  if (sameBytes(start.subarray(0, 4), END_OF_STREAM.subarray(0, 4)))
    throw badFile(
      `[store] ${path} is an Arrow stream, as Octavo wrote before it wrote Arrow files: start a new run in another folder`,
    );
  const length = schemaLength(path, start);
  if (length === undefined || 16 + length > size) return undefined;
  return { ...unsealSchema(path, read(16, length)), first: 16 + length };
}

/**
 * Gives every whole batch to `visit`, in order. A torn tail is left out. What is damaged elsewhere throws an
 * `OctavoError` that names the batch and its rows; with `skip` it is told there, and left out.
 */
export function scanStatistics(
  source: Source,
  head: StatisticsHead,
  visit: (batch: StatisticsBatch) => void,
  skip?: (why: string) => void,
): StatisticsEnd {
  const { path, read, size } = source;
  const blocks: Block[] = [];
  let [position, rows] = [head.first, 0];
  let next: number | null = 0; // the number of the next batch; null behind what was left out
  for (;;) {
    if (sameBytes(read(position, 8), END_OF_STREAM)) return endAt(source, head, position, blocks);
    const found = batchAt(read, size, position, head.columns);
    const fault = 'why' in found ? found : outOfPlace(found, next);
    if (fault === null && !('why' in found)) {
      visit(found);
      blocks.push(found.block);
      [position, next, rows] = [found.end, found.number + 1, rows + found.header.rows];
      continue;
    }
    const { why, reach } = fault!;
    const after = nextBatch(source, head.columns, position + 1);
    if (after === undefined && isTorn(source, reach)) {
      const torn =
        size > position ? `${path} is cut off behind row ${rows}: what follows is not whole` : null;
      return { position, whole: false, torn };
    }
    const message = `${path}, batch ${next ?? 'of unknown number'} (from row ${rows}) is damaged: ${why}`;
    if (!skip) throw badFile(`[store] ${message}: restore the file from a copy`);
    skip(message);
    if (after === undefined) return { position, whole: false, torn: null };
    [position, next] = [after, null];
  }
}

const outOfPlace = ({ number, end }: StatisticsBatch, next: number | null): Fault | null =>
  next === null || number === next ? null : { why: `got batch ${number}, expected ${next}`, reach: end };

/** Where the next whole batch begins, wherever it lies; undefined where there is none. */
export function nextBatch(
  { read, size }: Source,
  columns: readonly Column[],
  from: number,
): number | undefined {
  const rest = Buffer.from(read(from, size - from));
  const mark = END_OF_STREAM.subarray(0, 4);
  for (let at = rest.indexOf(mark); at >= 0; at = rest.indexOf(mark, at + 1))
    if (!('why' in batchAt(read, size, from + at, columns))) return from + at;
  return undefined;
}

/** Whether what reaches to `reach` was never written whole: the file stops before, or goes on in zeros as after a power cut. */
export function isTorn({ read, size }: Source, reach: number): boolean {
  if (endsWhole({ read, size })) return false;
  return reach > size || (size - reach >= 8 && read(reach, size - reach).every((byte) => byte === 0));
}

const endsWhole = ({ read, size }: Pick<Source, 'read' | 'size'>): boolean =>
  sameBytes(read(Math.max(0, size - MAGIC.byteLength), MAGIC.byteLength), MAGIC);

/** All batches were whole and the end of the stream is at `position`: is the footer whole, too? */
function endAt(
  source: Source,
  head: StatisticsHead,
  position: number,
  blocks: readonly Block[],
): StatisticsEnd {
  const { path, read, size } = source;
  const rest = read(position + 8, size - position - 8);
  if (footerFits(rest, head, position, blocks)) return { position, whole: true, torn: null };
  const limit = 4096 + 64 * blocks.length + 4 * head.first;
  if (rest.byteLength > limit || nextBatch(source, head.columns, position + 8) !== undefined)
    throw badFile(
      `[store] ${path} goes on behind its end: got ${rest.byteLength} bytes that are no footer: restore the file from a copy`,
    );
  return { position, whole: false, torn: null };
}

/** Whether `rest` is a footer of exactly these batches, its length and the closing mark. */
function footerFits(
  rest: Uint8Array,
  { message, first }: StatisticsHead,
  position: number,
  blocks: readonly Block[],
): boolean {
  const length = rest.byteLength - 10;
  if (length < 8 || !sameBytes(rest.subarray(length + 4), MAGIC)) return false;
  if (new DataView(rest.buffer, rest.byteOffset + length, 4).getInt32(0, true) !== length) return false;
  try {
    const found = parseFooter(rest.subarray(0, length), message, first, position + 8);
    return JSON.stringify(found) === JSON.stringify(blocks);
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError || error instanceof TypeError) return false;
    throw error;
  }
}
