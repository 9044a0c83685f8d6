/** @file Text into a folder of token shards. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { type Replaceable, writeFileAtomically, writeFolder } from '@octavo/store';
import { type Documents, type Survey, surveyDocuments } from './documents.ts';
import { isPrepared } from './is-prepared.ts';
import { INDEX_FILE, PREPARED_LAYOUT, type PreparedIndex, type SplitName } from './prepared-index.ts';
import { cutPoint, splitDocuments } from './split-documents.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer } from './tokenizer.ts';
import { type PrepareProgress, writeSplit } from './write-split.ts';

/** One corpus, of which the end is held out; or the two parts, chosen by whoever calls. */
export type PrepareInput = Documents | { readonly train: Documents; readonly heldOut: Documents };

export interface PrepareOptions {
  /** Tokens a shard has at most. Default 2²⁶. */
  readonly shardTokens?: number | undefined;
  /** Share of the text that is held out, where the input is one corpus; 0 for none. Default 0.05. */
  readonly heldOutFraction?: number | undefined;
  /** Replace prepared data that stands in the folder. Default false. */
  readonly overwrite?: boolean | undefined;
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined;
  /** Ends the work within a fraction of a second, nothing of it left. */
  readonly signal?: AbortSignal | undefined;
}

const replaceable = (overwrite: boolean): Replaceable => ({
  what: 'prepared data',
  is: isPrepared,
  overwrite,
});

/** The parts of an input, and what a first walk through them found. */
export interface SurveyedInput {
  readonly train: Documents;
  readonly heldOut: Documents | null;
  readonly bytes: number;
  readonly contentHash: string;
}

/**
 * Tokenises documents into `folder`: `train-00000.arrow`, …, `validation-00000.arrow`, …, `index.json` (and the
 * tokenizer's own files). The same documents, tokenizer and options give the same bytes. The documents are walked
 * twice or more. The folder appears when it is complete. Throws where there is no text, and where the folder is not free.
 */
export async function prepare(
  input: PrepareInput,
  tokenizer: Tokenizer,
  folder: string,
  options: PrepareOptions = {},
): Promise<PreparedIndex> {
  return writePrepared(await surveyInput(input, options), tokenizer, folder, options);
}

/** The first walk: where to cut, how much there is, and the hash of the texts. */
export async function surveyInput(input: PrepareInput, options: PrepareOptions): Promise<SurveyedInput> {
  const fraction = options.heldOutFraction ?? 0.05;
  if (!(fraction >= 0 && fraction < 1))
    throw new OctavoError(`[data] held-out fraction: got ${fraction}, expected 0 up to 1, without 1`, {
      exitCode: 2,
    });
  if ('train' in input) {
    const { signal } = options;
    const train = await surveyed(input.train, signal);
    const heldOut = await surveyed(input.heldOut, signal);
    return {
      ...input,
      bytes: train.bytes + heldOut.bytes,
      contentHash: `${train.hash}+${heldOut.hash}`,
    };
  }
  const survey = await surveyed(input, options.signal);
  const parts =
    fraction === 0
      ? { train: input, heldOut: null }
      : splitDocuments(input, cutPoint(survey.sizes, fraction));
  return { ...parts, bytes: survey.bytes, contentHash: survey.hash };
}

async function surveyed(documents: Documents, signal: AbortSignal | undefined): Promise<Survey> {
  const survey = await surveyDocuments(documents, signal);
  if (survey.bytes === 0)
    throw badInput('corpus is empty: got no text, expected at least one document with some');
  return survey;
}

/** The other walks. */
export async function writePrepared(
  input: SurveyedInput,
  tokenizer: Tokenizer,
  folder: string,
  options: PrepareOptions,
): Promise<PreparedIndex> {
  const { shardTokens = 2 ** 26, onProgress } = options;
  if (!Number.isSafeInteger(shardTokens) || shardTokens < 1 || shardTokens > 2 ** 31)
    throw new OctavoError(`[data] tokens a shard: got ${shardTokens}, expected 1 to 2147483648`, {
      exitCode: 2,
    });
  const { name, hash, vocabularySize, bos, eos } = tokenizer;
  return writeFolder(folder, replaceable(options.overwrite ?? false), async (temporary) => {
    let before = 0;
    const write = async (split: SplitName, documents: Documents) => {
      const written = await writeSplit(split, documents, tokenizer, temporary, {
        shardTokens,
        signal: options.signal,
        onDocument: (done) =>
          onProgress?.({ split, ...done, bytes: before + done.bytes, totalBytes: input.bytes }),
      });
      before += written.bytes;
      return written;
    };
    const train = await write('train', input.train);
    const heldOut = input.heldOut === null ? null : await write('validation', input.heldOut);
    if (before !== input.bytes)
      throw new OctavoError(
        `[data] documents changed while they were read: got ${before} bytes, expected ${input.bytes}: leave them alone, and pass an array or readDocuments(…), which can be walked twice`,
      );
    const index: PreparedIndex = {
      layout: PREPARED_LAYOUT,
      tokenizer: { name, hash, vocabularySize, bos, eos },
      contentHash: input.contentHash,
      splits: { train, validation: heldOut },
    };
    if (tokenizer.files !== undefined) {
      await writeFileAtomically(join(temporary, 'tokenizer.json'), tokenizer.files.tokenizer);
      if (tokenizer.files.config !== null)
        await writeFileAtomically(join(temporary, 'tokenizer_config.json'), tokenizer.files.config);
    }
    await writeFileAtomically(join(temporary, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
    return index;
  });
}
