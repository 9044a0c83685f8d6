/** @file The text of a run: prepared once, then batches to train on and windows held out. */
import { basename } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { defaultCorpus } from './default-corpus.ts';
import { refuseShared } from './find-files.ts';
import { type HeldOut, heldOutOf, type Preparing } from './held-out.ts';
import { checkIdentity, identityOf, type TextIdentity } from './identity.ts';
import { isPrepared } from './is-prepared.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { createLoader, type Loader } from './loader.ts';
import { openPrepared, type PreparedData } from './open-prepared.ts';

import { prepareCached } from './prepare-cached.ts';
import { readDocuments } from './read-documents.ts';
import type { PrepareInput } from './survey-input.ts';
import { badInput } from './text-file.ts';
import type { TokenSource } from './token-source.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Which text, as plain data. */
export interface TextSettings {
  /** Null: the default corpus. */
  readonly train: readonly string[] | null;
  /** Paths, or a fraction. Null: what the default corpus holds out, or a twentieth of the training text. */
  readonly heldOut: readonly string[] | number | null;
  /** `byte`, `llama2`, or the path of a `tokenizer.json`. */
  readonly tokenizer: string;
  /** The key of a JSONL line that holds its text. */
  readonly textField: string;
}

/** How it is cut. */
export interface TextShape {
  readonly batch: number;
  readonly sequence: number;
  readonly seed: number;
  /** Held-out tokens to predict at most. */
  readonly evaluateTokens: number;
  /** See `HeldOutOptions`. */
  readonly opening?: number | undefined;
  /** Rows that the model has for tokens. */
  readonly vocabularySize: number;
}

export interface TrainingText {
  /** For people. */
  readonly description: string;
  readonly tokenizer: Tokenizer;
  readonly identity: TextIdentity;
  readonly loader: Loader;
  readonly train: TokenSource;
  /** Null where no text is held out. */
  readonly heldOut: HeldOut | null;
  close(): Promise<void>;
}

/** The text and tokenizer that a run began with; a resumed run must go on with the same. */
export interface Began {
  readonly folder: string;
  /** Null where the run's record is older than this part. */
  readonly identity: TextIdentity | null;
  readonly tokenizer: Tokenizer;
}

/**
 * Opens it, preparing what is not prepared; an `OctavoError` (exit code 2) says what does not fit the model or the
 * sequence, or that the text is not the one that the run `began` with.
 */
export async function openTrainingText(
  settings: TextSettings,
  { batch, sequence, seed, evaluateTokens, opening, vocabularySize }: TextShape,
  began: Began | null = null,
  preparing: Preparing = {},
): Promise<TrainingText> {
  const tokenizer = began?.tokenizer ?? (await loadTokenizer(settings.tokenizer));
  const prepared = await openText(settings, tokenizer, preparing);
  const description = describeText(settings.train);
  try {
    const identity = identityOf(prepared.index, tokenizer);
    if (began?.identity) checkIdentity(identity, began.identity, began.folder, description);
    checkVocabulary(tokenizer, vocabularySize);
    const { train, heldOut, index } = prepared;
    const options = { batch, sequence, tokens: evaluateTokens, opening };
    return {
      description,
      tokenizer,
      identity,
      loader: createLoader(train, { batch, sequence, seed }),
      train,
      heldOut: heldOut && (await heldOutOf(heldOut, index.splits.validation!, tokenizer, options)),
      close: () => prepared.close(),
    };
  } catch (error) {
    await prepared.close();
    throw error;
  }
}

/** The text of these settings, prepared with this tokenizer. */
async function openText(
  settings: TextSettings,
  tokenizer: Tokenizer,
  { warn, signal }: Preparing,
): Promise<PreparedData> {
  const { train, heldOut } = settings;
  const folder = await preparedFolderOf(train);
  if (folder === null) {
    if (train && Array.isArray(heldOut)) await refuseShared(train, heldOut);
    const share = typeof heldOut === 'number' ? { heldOutFraction: heldOut } : {};
    return prepareCached(inputOf(settings, tokenizer, warn), tokenizer, cacheFolder(), { ...share, signal });
  }
  const prepared = await openPrepared(folder);
  const { name, hash } = prepared.index.tokenizer;
  if (hash === tokenizer.hash) return prepared;
  await prepared.close();
  throw badInput(
    `${folder} was prepared with another tokenizer: got ${settings.tokenizer}, expected ${name} (hash ${hash.slice(0, 12)}), which the folder brings; leave --tokenizer out, or prepare the data again`,
  );
}

function inputOf(
  { train, heldOut, textField }: TextSettings,
  tokenizer: Tokenizer,
  warn: Preparing['warn'],
): PrepareInput {
  const read = (paths: readonly string[]) => readDocuments(paths, { field: textField, tokenizer, warn });
  const input = train === null ? defaultCorpus() : read(train);
  if (!Array.isArray(heldOut)) return input;
  return { train: 'train' in input ? input.train : input, heldOut: read(heldOut) };
}

/** The prepared folder among these paths, which has to stand alone; null where all of them are text. */
export async function preparedFolderOf(paths: readonly string[] | null): Promise<string | null> {
  for (const path of paths ?? []) {
    if (!(await isPrepared(path))) continue;
    if (paths?.length === 1) return path;
    throw badInput(`text: got ${path}, which octavo data prepare made, among other paths, expected it alone`);
  }
  return null;
}

/** For people: the names of the paths, or how many they are; null: the default corpus. */
export function describeText(paths: readonly string[] | null): string {
  if (paths === null) return 'State of the Union addresses, 1790 on';
  return paths.length > 3 ? `${paths.length} paths` : paths.map((path) => basename(path)).join(', ');
}

/** Refuses (exit code 2) a model that has no row for some of the tokens. */
export function checkVocabulary({ name, vocabularySize }: Tokenizer, rows: number): void {
  if (vocabularySize <= rows) return;
  throw badInput(
    `tokenizer ${name} does not fit the model: got ${vocabularySize} tokens, expected at most its vocabularySize, ${rows}; choose another --tokenizer or --model`,
  );
}
