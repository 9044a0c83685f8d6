/** @file A study's folder as a report needs it, whichever study it is, finished or not. */
import { basename } from 'node:path';
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { listNames, readWhole, within } from '@octavo/store';
import { type Table, tableFromIPC } from 'apache-arrow';
import { z } from 'zod';
import { readJson } from './read-json.ts';

export const STUDY_FILE = 'study.json';

export interface StudyInput {
  readonly kind: 'study';
  readonly name: string;
  /** The study's own name, e.g. `instability`. */
  readonly study: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** All of `study.json`. */
  readonly record: string;
  /** Null: the study has not come to its end. */
  readonly claims: readonly StudyClaim[] | null;
  readonly summary: string | null;
  /** Vega-Lite specifications by name. */
  readonly charts: ReadonlyMap<string, object>;
  readonly tables: ReadonlyMap<string, Table>;
  /** Parts that are done. */
  readonly parts: number;
}

const studySchema = z.object({ study: z.string(), settings: z.record(z.string(), z.unknown()) });

/** JSON has no infinity: the gap of a run that broke stands there as a string. */
const value = z
  .union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN']).transform(Number)])
  .nullable()
  .transform((given) => given ?? Number.NaN);
const claimsSchema = z.array(
  z.object({ text: z.string(), paper: z.string().optional(), values: z.array(value), holds: z.boolean() }),
);

/** As `summary.json` holds it. */
export interface StudyClaim {
  readonly text: string;
  readonly paper?: string | undefined;
  /** A figure a seed, infinite where a run broke. */
  readonly values: readonly number[];
  readonly holds: boolean;
}

const chartSchema = z.record(z.string(), z.unknown());

/** Throws an `OctavoError` in one line that names the file that is not what `octavo study` writes. */
export async function readStudyFolder(folder: string, name: string): Promise<StudyInput> {
  const read = <Schema extends z.ZodType>(file: string, schema: Schema) =>
    readJson(within(folder, file), schema, { writer: 'octavo study', exitCode: 1 });
  const { value: about, text: record } = await read(STUDY_FILE, studySchema);
  const files = await listNames(folder);
  const ending = (end: string): string[] => files.filter((file) => file.endsWith(end));
  const charts = new Map<string, object>();
  for (const file of ending('.vl.json'))
    charts.set(basename(file, '.vl.json'), (await read(file, chartSchema)).value);
  const tables = new Map<string, Table>();
  for (const file of ending('.arrow'))
    tables.set(basename(file, '.arrow'), await readArrow(within(folder, file)));
  return {
    kind: 'study',
    name,
    ...about,
    record,
    claims: files.includes('summary.json') ? (await read('summary.json', claimsSchema)).value : null,
    summary: files.includes('summary.md') ? await readTextFile(within(folder, 'summary.md'), 'report') : null,
    charts,
    tables,
    parts: (await listNames(within(folder, 'parts'))).filter((file) => file.endsWith('.json')).length,
  };
}

/** A whole Arrow file of any columns. */
async function readArrow(path: string): Promise<Table> {
  const bytes = await readWhole(path);
  try {
    const table = tableFromIPC(bytes);
    // Buffers are only looked at when a value is: a file that was cut off is found out here, not in the page.
    for (const { name } of table.schema.fields)
      if (table.numRows > 0) table.getChild(name)?.get(table.numRows - 1);
    return table;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new OctavoError(`[report] ${path} is not an Arrow file or is damaged: ${why}`, { cause });
  }
}
