/** @file Files of rows: JSONL, JSON arrays, Parquet, Arrow. */
import { quoted } from '@octavo/formats';
import { beginningOf, kindOf, type Packing } from './binary-files.ts';
import { byteStream, gather, unpackedName } from './byte-stream.ts';
import { type FoundFile, findFiles } from './find-files.ts';
import { readTable } from './read-table.ts';
import type { Row } from './row.ts';
import { splitLines } from './split-lines.ts';
import { badInput, decodeText, LARGEST, readTextFile } from './text-file.ts';

/** The rows of a file, or of a folder's. Throws, while walking, an `OctavoError` (exit code 2) that names the file and line. */
export async function* readRows(path: string): AsyncGenerator<Row> {
  for (const file of await findFiles(path)) {
    const content = await contentOf(file);
    if ('text' in content)
      throw badInput(`${file.name} has no rows: got text, expected .jsonl, .ndjson, .json, Parquet or Arrow`);
    yield* content.rows;
  }
}

/** A file and how it is packed. */
interface Packed extends FoundFile {
  readonly packing: Packing | null;
}

/** The rows of a file that has some, by how it begins or by its name; else its text. `columns`: of Parquet and Arrow the first of these sets that is there whole. */
export async function contentOf(
  file: FoundFile,
  columns?: readonly (readonly string[])[],
): Promise<{ readonly rows: AsyncGenerator<Row> } | { readonly text: () => Promise<string> }> {
  const kind = kindOf(await beginningOf(file.path, file.name), file.name);
  if (kind === 'Parquet' || kind === 'Arrow') return { rows: readTable(kind, file.path, file.name, columns) };
  const packed = { ...file, packing: kind === 'text' ? null : kind };
  const name = unpackedName(file.path);
  if (/\.(jsonl|ndjson)$/i.test(name)) return { rows: readJsonLines(packed) };
  if (/\.json$/i.test(name)) return { rows: readJson(packed) };
  return { text: () => readText(packed) };
}

/** A file read whole. */
async function readText(file: Packed): Promise<string> {
  const what = 'one document';
  const advice = ': split it, or make it JSONL';
  if (file.packing === null) return readTextFile(file.path, what, { advice });
  const tooLong = () =>
    badInput(
      `${what}: got ${file.name} of more than ${LARGEST} bytes unpacked, expected at most as many${advice}`,
    );
  return decodeText(await gather(byteStream(file, file.packing), LARGEST, tooLong), `${what} ${file.name}`);
}

async function* readJsonLines(file: Packed): AsyncGenerator<Row> {
  let line = 0;
  for await (const bytes of splitLines(byteStream(file, file.packing), LARGEST, file.name)) {
    line++;
    const where = `${file.name}:${line}`;
    const content = decodeText(bytes, where);
    if (content.trim() === '') continue;
    yield { where, value: parseLine(content, where) };
  }
}

/** A JSON array, an element a row. Many programs call JSONL `.json` too. */
async function* readJson(file: Packed): AsyncGenerator<Row> {
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
