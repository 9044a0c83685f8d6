/** @file A study's folder as a report needs it, whichever study it is, finished or not. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import type { Table } from 'apache-arrow';
import { z } from 'zod';
import { readArrow } from './read-table.ts';

export const STUDY_FILE = 'study.json';

export interface StudyInput {
  readonly kind: 'study';
  readonly folder: string;
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
  z.object({
    text: z.string(),
    paper: z.string().optional(),
    values: z.array(value),
    holds: z.boolean(),
  }),
);
export type StudyClaim = z.output<typeof claimsSchema>[number];

const chartSchema = z.record(z.string(), z.unknown());

/** Throws an `OctavoError` in one line that names the file that is not what `octavo study` writes. */
export async function readStudyFolder(folder: string, name: string): Promise<StudyInput> {
  const record = await readFile(join(folder, STUDY_FILE), 'utf8');
  const { study, settings } = await readJson(join(folder, STUDY_FILE), studySchema);
  const files = readdirSync(folder).sort();
  const ending = (end: string): string[] => files.filter((file) => file.endsWith(end));
  const charts = new Map<string, object>();
  for (const file of ending('.vl.json'))
    charts.set(basename(file, '.vl.json'), await readJson(join(folder, file), chartSchema));
  const tables = new Map<string, Table>();
  for (const file of ending('.arrow'))
    tables.set(basename(file, '.arrow'), await readArrow(join(folder, file)));
  return {
    kind: 'study',
    folder,
    name,
    study,
    settings,
    record,
    claims: files.includes('summary.json')
      ? await readJson(join(folder, 'summary.json'), claimsSchema)
      : null,
    summary: files.includes('summary.md') ? await readFile(join(folder, 'summary.md'), 'utf8') : null,
    charts,
    tables,
    parts: partsOf(folder),
  };
}

function partsOf(folder: string): number {
  const parts = join(folder, 'parts');
  return existsSync(parts) ? readdirSync(parts).filter((file) => file.endsWith('.json')).length : 0;
}

async function readJson<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new OctavoError(`[report] ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  const { path: at, message } = result.error.issues[0]!;
  throw new OctavoError(
    `[report] ${path} is not what octavo study writes: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}`,
  );
}
