/** @file What stands for a file in a configuration: where it lies, counted from a folder. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isRemote } from '@octavo/store';

const BUILT_IN_TOKENIZERS = ['byte', 'llama2'];

/** Only a path has one; a bare name may be something else, too. */
const hasSeparator = (text: string): boolean => /[\\/]/.test(text);

/** A bare name is a file where one lies there, unless it is `known` as something else. */
function placeFrom(folder: string, text: string, known: readonly string[]): string {
  if (known.includes(text) || isRemote(text)) return text;
  const path = resolve(folder, text);
  return hasSeparator(text) || existsSync(path) ? path : text;
}

/** A tokenizer's name, or the absolute path of its file or folder. */
export const tokenizerFrom = (folder: string, tokenizer: string): string =>
  placeFrom(folder, tokenizer, BUILT_IN_TOKENIZERS);

/** A model's name, or the absolute path of the JSON file with its shape. */
export const modelFrom = (folder: string, model: string, names: readonly string[]): string =>
  placeFrom(folder, model, names);

/** A library's absolute path, or the name that the system's loader finds. */
export const libraryFrom = (folder: string, library: string): string =>
  hasSeparator(library) ? resolve(folder, library) : library;
