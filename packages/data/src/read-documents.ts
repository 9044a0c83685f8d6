/** @file Text files, folders of them, JSONL files and JSON arrays as documents. */
import { createReadStream } from 'node:fs';
import { quoted } from '@octavo/formats';
import { refuseBinary } from './binary-files.ts';
import type { TextDocument } from './documents.ts';
import { type FoundFile, findAllFiles } from './find-files.ts';
import { splitLines } from './split-lines.ts';
import { badInput, decodeText, LARGEST, readTextFile } from './text-file.ts';

export interface ReadOptions {
  /** The field of a JSONL line, or of an object in a JSON array, that holds its text. Default `text`. */
  readonly field?: string | undefined;
  /** Hears, on the first walk, of files that are reached more than once. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * The documents in files and folders (see `findFiles`), each file once: a .jsonl or .ndjson file has one a line, a .json
 * file one an element of its array (or one a line), any other file is one. Reads as it is walked, a file or a line at a
 * time, and can be walked again. A byte order mark is dropped, CRLF becomes LF. Throws, while walking, an `OctavoError`
 * (exit code 2) that names the file (and line): where it is missing, no regular file, no text (Parquet, gzip, …), not
 * UTF-8, not JSON, without the field, or too long for one document; and where there is no text at all.
 */
export function readDocuments(
  paths: string | readonly string[],
  options: ReadOptions = {},
): AsyncIterable<TextDocument> {
  const list = typeof paths === 'string' ? [paths] : paths;
  const { field = 'text' } = options;
  let warn = options.warn;
  return {
    async *[Symbol.asyncIterator]() {
      let texts = 0;
      const say = warn;
      warn = undefined;
      const files = await findAllFiles(list, (again, first) =>
        say?.(`${again.name} is given twice (${first.name}): it is read once`),
      );
      for (const file of files) {
        for await (const document of readFileDocuments(file, field)) {
          if (document.text.length > 0) texts++;
          yield document;
        }
      }
      if (texts === 0)
        throw badInput(`corpus is empty: got no text in ${list.join(', ') || 'no paths'}, expected some`);
    },
  };
}

async function* readFileDocuments(file: FoundFile, field: string): AsyncGenerator<TextDocument> {
  await refuseBinary(file.path, file.name);
  if (/\.(jsonl|ndjson)$/i.test(file.path)) yield* readJsonLines(file, field);
  else if (/\.json$/i.test(file.path)) yield* readJson(file, field);
  else yield { name: file.name, text: withoutCr(await readText(file)) };
}

const readText = ({ path }: FoundFile): Promise<string> =>
  readTextFile(path, 'one document', { advice: ': split it, or make it JSONL' });

async function* readJsonLines({ path, name }: FoundFile, field: string): AsyncGenerator<TextDocument> {
  let line = 0;
  for await (const bytes of splitLines(createReadStream(path, { highWaterMark: 2 ** 20 }), LARGEST, name)) {
    line++;
    const where = `${name}:${line}`;
    const content = decodeText(bytes, where);
    if (content.trim() === '') continue;
    yield { name: where, text: textOf(parseLine(content, where), field, where) };
  }
}

/** A JSON array of texts, or of objects with one. Many programs call JSONL `.json` too. */
async function* readJson(file: FoundFile, field: string): AsyncGenerator<TextDocument> {
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
    yield* readJsonLines(file, field);
    return;
  }
  if (!Array.isArray(whole)) yield { name, text: textOf(whole, field, name) };
  else
    for (const [i, item] of whole.entries())
      yield { name: `${name}[${i}]`, text: textOf(item, field, `${name}[${i}]`) };
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

/** A text, or an object's field that is one. */
function textOf(value: unknown, field: string, where: string): string {
  if (typeof value === 'string') return withoutCr(value);
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
  const text = has ? (value as Record<string, unknown>)[field] : undefined;
  if (typeof text === 'string') return withoutCr(text);
  throw badInput(
    `${where} has no text: got ${has ? typeof text : 'no'} field "${field}", expected a string there: name another field (--text-field)`,
  );
}

const withoutCr = (text: string): string => text.replaceAll('\r\n', '\n');
