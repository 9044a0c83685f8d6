/** @file The text of a run: prepared once, then batches to train on and windows held out. */
import { basename } from 'node:path';
import {
  byteTokenizer,
  createLoader,
  defaultCorpus,
  type LoaderPosition,
  loadTokenizer,
  openPrepared,
  type PreparedData,
  type PrepareInput,
  prepareCached,
  readDocuments,
  refuseShared,
  type Tokenizer,
} from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { BatchSource } from '@octavo/trainer';
import { type DataSettings, preparedFolderOf, type Settings } from '../config/settings.ts';
import { createBaseline } from './baseline.ts';
import { cacheFolder } from './cache.ts';
import { type HeldOut, heldOutOf } from './held-out.ts';
import { checkIdentity, identityOf, type RunIdentity } from './identity.ts';

export interface Corpus {
  /** For people. */
  readonly description: string;
  readonly tokenizer: Tokenizer;
  readonly identity: RunIdentity;
  readonly source: BatchSource;
  readonly trainTokens: number;
  /** Null where no text is held out. */
  readonly heldOut: HeldOut | null;
  /** Loss of an order-2 byte model of the training text on the held-out windows; null unless tokens are bytes. */
  readonly baseline: (() => Promise<number>) | null;
  close(): Promise<void>;
}

/** What a run began with, of which more is to be read. */
export interface Began {
  readonly folder: string;
  readonly identity: RunIdentity | null;
  readonly tokenizer: Tokenizer;
}

/** How preparing talks to its surroundings. */
export interface Preparing {
  /** Hears of files that are given twice. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Ends it, nothing half done left. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens it, preparing what is not prepared; an `OctavoError` says what does not fit the model or the sequence, or that
 * the text is not the one that the run `began` with.
 */
export async function openCorpus(
  { data, model, hyperparameters }: Settings,
  began: Began | null = null,
  preparing: Preparing = {},
): Promise<Corpus> {
  const { prepared, tokenizer } = await openData(data, preparing, began?.tokenizer);
  try {
    const identity = identityOf(prepared.index, tokenizer);
    if (began) checkIdentity(identity, began.identity, began.folder, describe(data));
    checkVocabulary(tokenizer, model.config.vocabularySize);
    const { batch, sequence, seed, evaluateTokens } = hyperparameters;
    const loader = createLoader(prepared.train, { batch, sequence, seed });
    const { index } = prepared;
    const options = { batch, sequence, tokens: evaluateTokens };
    const heldOut =
      prepared.heldOut && (await heldOutOf(prepared.heldOut, index.splits.validation!, options));
    return {
      description: describe(data),
      tokenizer,
      identity,
      source: { ...loader, seek: (position) => loader.seek(position as LoaderPosition) },
      trainTokens: prepared.train.length,
      heldOut,
      baseline:
        tokenizer.hash === byteTokenizer().hash && heldOut
          ? createBaseline(prepared.train, heldOut.batches, sequence)
          : null,
      close: () => prepared.close(),
    };
  } catch (error) {
    await prepared.close();
    throw error;
  }
}

/** The text of these settings, prepared, and the tokenizer it was prepared with; `given` is the one of the settings, if it is loaded. */
async function openData(
  data: DataSettings,
  { warn, signal }: Preparing,
  given?: Tokenizer,
): Promise<{ prepared: PreparedData; tokenizer: Tokenizer }> {
  const tokenizer = given ?? (await loadTokenizer(data.tokenizer));
  const folder = await preparedFolderOf(data.train);
  if (folder === null) {
    if (data.train && Array.isArray(data.heldOut)) await refuseShared(data.train, data.heldOut);
    const share = typeof data.heldOut === 'number' ? { heldOutFraction: data.heldOut } : {};
    const prepared = await prepareCached(inputOf(data, warn), tokenizer, cacheFolder(), { ...share, signal });
    return { prepared, tokenizer };
  }
  const prepared = await openPrepared(folder);
  const { name, hash } = prepared.index.tokenizer;
  if (hash === tokenizer.hash) return { prepared, tokenizer };
  await prepared.close();
  throw new OctavoError(
    `[run] ${folder} was prepared with another tokenizer: got ${data.tokenizer}, expected ${name} (hash ${hash.slice(0, 12)}), which the folder brings; leave --tokenizer out, or prepare the data again`,
    { exitCode: 2 },
  );
}

function inputOf({ train, heldOut, textField }: DataSettings, warn: Preparing['warn']): PrepareInput {
  const read = (paths: readonly string[]) => readDocuments(paths, { field: textField, warn });
  if (train === null) {
    const corpus = defaultCorpus();
    return Array.isArray(heldOut) ? { train: corpus.train, heldOut: read(heldOut) } : corpus;
  }
  return Array.isArray(heldOut) ? { train: read(train), heldOut: read(heldOut) } : read(train);
}

function describe({ train }: DataSettings): string {
  if (train === null) return 'State of the Union addresses, 1790 on';
  return describePaths(train);
}

/** Their names, or how many they are. */
export const describePaths = (paths: readonly string[]): string =>
  paths.length > 3 ? `${paths.length} paths` : paths.map((path) => basename(path)).join(', ');

/** Exit code 2: the model has no row for some of the tokens. */
export function checkVocabulary({ name, vocabularySize }: Tokenizer, rows: number): void {
  if (vocabularySize <= rows) return;
  throw new OctavoError(
    `[run] tokenizer ${name} does not fit the model: got ${vocabularySize} tokens, expected at most its vocabularySize, ${rows}; choose another --tokenizer or --model`,
    { exitCode: 2 },
  );
}
