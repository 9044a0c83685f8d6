/** @file Text files, folders of them, and files of rows as documents. */
import { type ChatTemplate, chatTemplateOf } from './chat-template.ts';
import type { TextDocument } from './documents.ts';
import { type FoundFile, findAllFiles } from './find-files.ts';
import { contentOf } from './read-rows.ts';
import { documentOf, fieldsOf, type RowReading, TEXT_FIELD, withoutCr } from './row-document.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ReadOptions {
  /** The field of a row that holds its text: the key of a JSONL line, the column of a Parquet or Arrow file. Default `text`. */
  readonly field?: string | undefined;
  /** Who reads the documents: rows of `messages` become text by its chat template. */
  readonly tokenizer?: Pick<Tokenizer, 'name' | 'files'> | undefined;
  /** Hears, on the first walk, of files that are reached more than once. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * The documents in files and folders (see `findFiles`), each file once: a .jsonl or .ndjson file has one a line, a .json
 * file one an element of its array (or one a line), a Parquet or Arrow file one a row, any other file is one; text and JSON
 * may be packed by gzip or Zstandard. A row is a text (`field`), or of field `text` also a conversation (`messages`) or a `prompt`
 * with its `completion`, of which the answers are learned. Reads as it is walked, a file or a line at a
 * time, and can be walked again. A byte order mark is dropped, CRLF becomes LF. Throws, while walking, an `OctavoError`
 * (exit code 2) that names the file (and line): where it is missing, no regular file, no text (xz, a PDF, …), not
 * UTF-8, not JSON, without the field, or too long for one document; and where there is no text at all.
 */
export function readDocuments(
  paths: string | readonly string[],
  options: ReadOptions = {},
): AsyncIterable<TextDocument> {
  const list = typeof paths === 'string' ? [paths] : paths;
  const { field = TEXT_FIELD, tokenizer } = options;
  let found: ChatTemplate | null | undefined;
  const template = () => (found ??= tokenizer ? chatTemplateOf(tokenizer) : null);
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
        for await (const document of readFileDocuments(file, { field, template })) {
          if (document.text.length > 0) texts++;
          yield document;
        }
      }
      if (texts === 0)
        throw badInput(`corpus is empty: got no text in ${list.join(', ') || 'no paths'}, expected some`);
    },
  };
}

async function* readFileDocuments(file: FoundFile, reading: RowReading): AsyncGenerator<TextDocument> {
  const content = await contentOf(file, fieldsOf(reading.field));
  if ('text' in content) yield { name: file.name, text: withoutCr(await content.text()) };
  else for await (const row of content.rows) yield documentOf(row, reading);
}
