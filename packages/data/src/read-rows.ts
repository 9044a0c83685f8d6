/** @file Files of rows: JSONL, JSON arrays, Parquet. */
import { createReadStream } from 'node:fs';
import { quoted } from '@octavo/formats';
import { kindOf, refuseBinary } from './binary-files.ts';
import { type FoundFile, findFiles } from './find-files.ts';
import { readParquet } from './parquet.ts';
import type { Row } from './row.ts';
import { splitLines } from './split-lines.ts';
import { badInput, decodeText, LARGEST, readTextFile } from './text-file.ts';

/** The rows of a file, or of a folder's. Throws, while walking, an `OctavoError` (exit code 2) that names the file and line. */
export async function* readRows(path: string): AsyncGenerator<Row> {
  for (const file of await findFiles(path)) {
    const rows = await rowsOf(file);
    if (rows === null)
      throw badInput(`${file.name} has no rows: got text, expected .jsonl, .ndjson, .json or Parquet`);
    yield* rows;
  }
}

/** The rows of a file that has some, whatever its name if it is Parquet; null: it is text. `columns`: of Parquet. */
export async function rowsOf(
  file: FoundFile,
  columns?: readonly string[],
): Promise<AsyncGenerator<Row> | null> {
  if ((await kindOf(file.path, file.name)) === 'Parquet') return readParquet(file.path, file.name, columns);
  await refuseBinary(file.path, file.name);
  if (/\.(jsonl|ndjson)$/i.test(file.path)) return readJsonLines(file);
  if (/\.json$/i.test(file.path)) return readJson(file);
  return null;
}

/** A file read whole. */
export const readText = ({ path }: FoundFile): Promise<string> =>
  readTextFile(path, 'one document', { advice: ': split it, or make it JSONL' });

async function* readJsonLines({ path, name }: FoundFile): AsyncGenerator<Row> {
  let line = 0;
  for await (const bytes of splitLines(createReadStream(path, { highWaterMark: 2 ** 20 }), LARGEST, name)) {
    line++;
    const where = `${name}:${line}`;
    const content = decodeText(bytes, where);
    if (content.trim() === '') continue;
    yield { where, value: parseLine(content, where) };
  }
}

/** A JSON array, an element a row. Many programs call JSONL `.json` too. */
async function* readJson(file: FoundFile): AsyncGenerator<Row> {
  const { name } = file;
  const content = await readText(file);
  let whole: unknown;
  try {
    whole = JSON.parse(content);
  } catch (cause) {
    const [first] = content.trimStart().split('\n', 1);
    if (!isJson(first!))
      throw badInput(
        `${name} is not JSON: got ${quoted(content.slice(0, 40))}, expected an array of texts, or an object a line`,
        cause,
      );
    yield* readJsonLines(file);
    return;
  }
  if (!Array.isArray(whole)) yield { where: name, value: whole };
  else for (const [i, value] of whole.entries()) yield { where: `${name}[${i}]`, value };
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw badInput(
      `${where} is not JSON: got ${quoted(line.slice(0, 40))}, expected an object a line`,
      cause,
    );
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
