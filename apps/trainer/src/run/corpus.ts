/** @file The text of a run: prepared once, then batches to train on and windows held out. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  createLoader,
  defaultCorpus,
  type LoaderPosition,
  loadTokenizer,
  openPrepared,
  type PreparedData,
  type PrepareInput,
  prepareCached,
  preparedTokenizer,
  readDocuments,
  type Tokenizer,
} from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { BatchSource } from '@octavo/trainer';
import type { DataSettings, Settings } from '../config/settings.ts';
import { createBaseline } from './baseline.ts';
import { type HeldOut, heldOutOf } from './held-out.ts';

/** Prepared text lies here, by content, so that a second run begins at once. */
export const CACHE = join('.octavo', 'data');

export interface Corpus {
  /** For people. */
  readonly description: string;
  readonly tokenizer: Tokenizer;
  readonly source: BatchSource;
  readonly trainTokens: number;
  /** Null where no text is held out. */
  readonly heldOut: HeldOut | null;
  /** Loss of an order-2 byte model of the training text on the held-out windows; null unless tokens are bytes. */
  readonly baseline: (() => Promise<number>) | null;
  close(): Promise<void>;
}

/** Opens it, preparing what is not prepared; an `OctavoError` says what does not fit the model or the sequence. */
export async function openCorpus({ data, model, knobs }: Settings): Promise<Corpus> {
  const { prepared, tokenizer } = await openData(data);
  try {
    checkVocabulary(tokenizer, model.config.vocabularySize);
    const { batch, sequence, seed, evaluateTokens } = knobs;
    const loader = createLoader(prepared.train, { batch, sequence, seed });
    const { validation, index } = prepared;
    const options = { batch, sequence, tokens: evaluateTokens };
    const heldOut = validation && (await heldOutOf(validation, index.splits.validation!, options));
    return {
      description: describe(data),
      tokenizer,
      source: { ...loader, seek: (position) => loader.seek(position as LoaderPosition) },
      trainTokens: prepared.train.length,
      heldOut,
      baseline:
        tokenizer.name === 'byte' && heldOut
          ? createBaseline(prepared.train, heldOut.batches, sequence)
          : null,
      close: () => prepared.close(),
    };
  } catch (error) {
    await prepared.close();
    throw error;
  }
}

/** The text of these settings, prepared, and the tokenizer it was prepared with. */
export async function openData(
  data: DataSettings,
): Promise<{ prepared: PreparedData; tokenizer: Tokenizer }> {
  const folder = (data.train ?? []).find(isPrepared);
  if (folder !== undefined) {
    if (data.train?.length !== 1) {
      throw new OctavoError(
        `[run] data: got ${folder}, which octavo data prepare made, among other paths, expected it alone`,
        { exitCode: 2 },
      );
    }
    const prepared = await openPrepared(folder);
    return { prepared, tokenizer: await preparedTokenizer(folder, prepared.index) };
  }
  const tokenizer = await loadTokenizer(data.tokenizer);
  const options = typeof data.validation === 'number' ? { validationFraction: data.validation } : {};
  return { prepared: await prepareCached(inputOf(data), tokenizer, CACHE, options), tokenizer };
}

/** Whether `octavo data prepare` made this folder. */
export const isPrepared = (path: string): boolean => existsSync(join(path, 'index.json'));

function inputOf({ train, validation, textField }: DataSettings): PrepareInput {
  const read = (paths: readonly string[]) => readDocuments(paths, { field: textField });
  if (train === null) {
    const corpus = defaultCorpus();
    return Array.isArray(validation) ? { train: corpus.train, validation: read(validation) } : corpus;
  }
  return Array.isArray(validation) ? { train: read(train), validation: read(validation) } : read(train);
}

function describe({ train }: DataSettings): string {
  if (train === null) return 'State of the Union addresses, 1790 on';
  return train.length > 3 ? `${train.length} paths` : train.map((path) => basename(path)).join(', ');
}

/** Exit code 2: the model has no row for some of the tokens. */
export function checkVocabulary({ name, vocabularySize }: Tokenizer, rows: number): void {
  if (vocabularySize <= rows) return;
  throw new OctavoError(
    `[run] tokenizer ${name} does not fit the model: got ${vocabularySize} tokens, expected at most its vocabularySize, ${rows}; choose another --tokenizer or --model`,
    { exitCode: 2 },
  );
}
