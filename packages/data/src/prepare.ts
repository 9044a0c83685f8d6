/** @file Text into a folder of token shards, again where an earlier process has stopped. */
import { existsSync } from 'node:fs';
import { OctavoError } from '@octavo/formats';
import { continueFolder, type Replaceable, removeTemporaries } from '@octavo/store';
import type { TokenizerRequest } from './bpe/train.ts';
import { isPrepared } from './is-prepared.ts';
import type { PreparedIndex } from './prepared-index.ts';
import { readState, writeState } from './preparing.ts';
import { type PrepareInput, type SurveyOptions, surveyInput } from './survey-input.ts';
import type { Tokenizer } from './tokenizer.ts';
import { madeOf, type WriteOptions, writePrepared } from './write-prepared.ts';

export interface PrepareOptions extends SurveyOptions, WriteOptions {
  /** Replace prepared data that stands in the folder. Default false. */
  readonly overwrite?: boolean | undefined;
  /** Begin anew where an earlier process has stopped. Default false. */
  readonly restart?: boolean | undefined;
}

/** Prepared data may be replaced where the caller says so, and nothing else. */
export const replaceable = (overwrite: boolean): Replaceable => ({
  ...{ what: 'prepared data', is: isPrepared, overwrite },
});

/**
 * Tokenises documents into `folder`: `train-00000.arrow`, …, `validation-00000.arrow`, …, `index.json` (and the tokenizer's own
 * files), with a tokenizer that is there or one that is first trained on the training text. The same documents, tokenizer and
 * options give the same bytes. The documents are walked twice or more. The folder appears when it is complete; until then what
 * is done lies beside it, and where the process ends before (killed, interrupted, the disk full), the next call with the same
 * arguments makes no shard again that was whole. Throws (exit code 2) where there is no text, where the folder is not free, and
 * where text, tokenizer or options are not those that the work began with.
 */
export async function prepare(
  input: PrepareInput,
  tokenizer: Tokenizer | TokenizerRequest,
  folder: string,
  options: PrepareOptions = {},
): Promise<PreparedIndex> {
  const { overwrite = false, restart = false, signal } = options;
  let [work, writing] = ['', false];
  /** What is whole so far; but input that is refused while it is written would be refused again. */
  const keeps = (error: unknown): boolean =>
    existsSync(work) && !(writing && OctavoError.is(error) && error.exitCode === 2);
  return continueFolder(folder, replaceable(overwrite), { restart, keeps }, async ({ content, state }) => {
    work = state;
    const surveyed = await surveyInput(input, options);
    const begun = await readState(state, madeOf(surveyed, tokenizer, options), folder);
    await removeTemporaries(content);
    writing = true;
    return writePrepared(surveyed, tokenizer, content, options, {
      ...{ state: begun, save: (now) => writeState(state, now) },
    }).catch((error: unknown) => {
      if (!signal?.aborted || !existsSync(state)) throw error;
      throw new OctavoError(
        `[data] interrupted: ${folder} is not complete, and the same command goes on with what is done`,
        { exitCode: 0, cause: error },
      );
    });
  });
}
