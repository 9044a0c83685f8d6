/** @file Text files, folders of them and JSONL files as documents. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { OctavoError } from '@octavo/formats';
import type { TextDocument } from './documents.ts';
import { type FoundFile, findFiles } from './find-files.ts';
import { splitLines } from './split-lines.ts';

/** Bytes of the largest text that becomes one document: JavaScript's strings end there. */
const LARGEST = 2 ** 28;

export interface ReadOptions {
  /** The field of a JSONL line that holds its text. Default `text`. */
  readonly field?: string | undefined;
}

/**
 * The documents in files and folders (see `findFiles`): a .jsonl or .ndjson file has one a line, any other file is one.
 * Reads as it is walked, a file or a line at a time, and can be walked again. A byte order mark is dropped, CRLF
 * becomes LF. Throws, while walking, an `OctavoError` that names the file (and line): where it is missing, not UTF-8,
 * not JSON, without the field, or too long for one document; and where there is no text at all.
 */
export function readDocuments(
  paths: string | readonly string[],
  options: ReadOptions = {},
): AsyncIterable<TextDocument> {
  const list = typeof paths === 'string' ? [paths] : paths;
  return {
    async *[Symbol.asyncIterator]() {
      let texts = 0;
      for (const path of list) {
        for (const file of await findFiles(path)) {
          for await (const document of readFileDocuments(file, options.field ?? 'text')) {
            if (document.text.length > 0) texts++;
            yield document;
          }
        }
      }
      if (texts === 0)
        throw new OctavoError(
          `[data] corpus is empty: got no text in ${list.join(', ') || 'no paths'}, expected some`,
        );
    },
  };
}

async function* readFileDocuments(file: FoundFile, field: string): AsyncGenerator<TextDocument> {
  if (/\.(jsonl|ndjson)$/i.test(file.path)) yield* readJsonLines(file, field);
  else yield await readText(file);
}

async function readText({ path, name }: FoundFile): Promise<TextDocument> {
  const { size } = await stat(path);
  if (size > LARGEST)
    throw new OctavoError(
      `[data] ${name} is too long for one document: got ${size} bytes, expected at most ${LARGEST}: split it, or make it JSONL`,
    );
  const bytes = await readFile(path).catch((cause) => {
    throw new OctavoError(`[data] ${name} cannot be read`, { cause });
  });
  return { name, text: decode(bytes, name) };
}

async function* readJsonLines({ path, name }: FoundFile, field: string): AsyncGenerator<TextDocument> {
  let line = 0;
  for await (const bytes of splitLines(createReadStream(path, { highWaterMark: 2 ** 20 }), LARGEST, name)) {
    line++;
    const where = `${name}:${line}`;
    const content = decode(bytes, where);
    if (content.trim() === '') continue;
    yield { name: where, text: fieldOf(content, field, where) };
  }
}

function fieldOf(line: string, field: string, where: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new OctavoError(
      `[data] ${where} is not JSON: got ${JSON.stringify(line.slice(0, 40))}, expected an object a line`,
      {
        cause,
      },
    );
  }
  const has = typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, field);
  const value = has ? (parsed as Record<string, unknown>)[field] : undefined;
  if (typeof value !== 'string')
    throw new OctavoError(
      `[data] ${where} has no text: got ${has ? typeof value : 'no'} field "${field}", expected a string there: name another field`,
    );
  return value.replaceAll('\r\n', '\n');
}

/** UTF-8, a byte order mark dropped, CRLF made LF. */
function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch (cause) {
    throw new OctavoError(`[data] ${where} is not UTF-8 text: convert it first (iconv -t UTF-8)`, { cause });
  }
}
