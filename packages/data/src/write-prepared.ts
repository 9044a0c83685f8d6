/** @file The walks through a text that write its shards, and first, where it is asked for, a tokenizer of its own. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { writeFileAtomically } from '@octavo/store';
import { requestName, type TokenizerRequest, trainTokenizer } from './bpe/train.ts';
import type { Documents } from './documents.ts';
import { tokenizerFromFile } from './file-tokenizer.ts';
import { keepTokenizer } from './find-tokenizer.ts';
import type { Surroundings } from './prepare-progress.ts';
import { INDEX_FILE, PREPARED_LAYOUT, type PreparedIndex, type SplitName } from './prepared-index.ts';
import { type MadeOf, newState, type PreparingState } from './preparing.ts';
import type { SurveyedInput } from './survey-input.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer } from './tokenizer.ts';
import { writeSplit } from './write-split.ts';

export interface WriteOptions extends Surroundings {
  /** Tokens a shard has at most. Default 2²⁴. */
  readonly shardTokens?: number | undefined;
}

const SHARD_TOKENS = 2 ** 24;

/** What the shards' bytes follow from. */
export const madeOf = (
  { contentHash, fraction }: SurveyedInput,
  tokenizer: Tokenizer | TokenizerRequest,
  { shardTokens = SHARD_TOKENS }: WriteOptions,
): MadeOf => ({
  text: contentHash,
  tokenizer: 'train' in tokenizer ? requestName(tokenizer) : tokenizer.hash,
  'share that is held out': fraction,
  'number of tokens a shard': shardTokens,
});

/** How far the work is, and how that is kept. */
export interface Kept {
  readonly state: PreparingState;
  readonly save: (state: PreparingState) => Promise<void>;
}

/** Fills `folder`, from where the work is. */
export async function writePrepared(
  input: SurveyedInput,
  requested: Tokenizer | TokenizerRequest,
  folder: string,
  options: WriteOptions,
  { state, save }: Kept = { state: newState(madeOf(input, requested, options)), save: async () => {} },
): Promise<PreparedIndex> {
  const { shardTokens = SHARD_TOKENS, onProgress, signal } = options;
  if (!Number.isSafeInteger(shardTokens) || shardTokens < 1 || shardTokens > 2 ** 31)
    throw new OctavoError(`[data] tokens a shard: got ${shardTokens}, expected 1 to 2147483648`, {
      exitCode: 2,
    });
  let now = state;
  const saved = async (next: Partial<PreparingState>): Promise<void> => {
    now = { ...now, ...next };
    await save(now);
  };
  let tokenizer: Tokenizer;
  if ('train' in requested) {
    if (state.trained === null)
      await keepTokenizer(folder, {
        files: await trainTokenizer(input.train, requested, { onProgress, signal, bytes: input.bytes }),
      });
    const name = requestName(requested);
    tokenizer = { ...(await tokenizerFromFile(folder)), name };
    if (state.trained === null) await saved({ trained: tokenizer.hash });
    else if (state.trained !== tokenizer.hash)
      throw badInput(`tokenizer ${name} in ${folder} is damaged: begin anew (--restart)`);
  } else {
    tokenizer = requested;
    await keepTokenizer(folder, tokenizer);
  }
  let before = 0;
  const write = async (split: SplitName, documents: Documents) => {
    const written = await writeSplit(split, documents, tokenizer, folder, {
      ...{ shardTokens, signal, masked: input.masked, state: now.splits[split] },
      onDocument: (done) =>
        onProgress?.({ phase: 'write', split, ...done, bytes: before + done.bytes, totalBytes: input.bytes }),
      onShard: (part) => saved({ splits: { ...now.splits, [split]: part } }),
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
  const { name, hash, vocabularySize, bos, eos } = tokenizer;
  const index: PreparedIndex = {
    layout: PREPARED_LAYOUT,
    tokenizer: { name, hash, vocabularySize, bos, eos },
    contentHash: input.contentHash,
    splits: { train, validation: heldOut },
  };
  await writeFileAtomically(join(folder, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
  return index;
}
