/** @file Text that is not trained on, as batches to predict. */
import { cacheFolder } from './cache-folder.ts';
import { isPrepared } from './is-prepared.ts';
import { openPrepared } from './open-prepared.ts';
import { prepareCached } from './prepare-cached.ts';
import type { PreparedSplit } from './prepared-index.ts';
import { readDocuments } from './read-documents.ts';
import { badInput } from './text-file.ts';
import type { TokenSource } from './token-source.ts';
import type { Tokenizer } from './tokenizer.ts';
import { type EvaluationBatch, windows } from './windows.ts';

export interface HeldOut {
  readonly batches: readonly EvaluationBatch[];
  /** Targets in all batches. */
  readonly tokens: number;
  /** Bytes of text a token stands for, on average over the held-out text. */
  readonly bytesPerToken: number;
  /** Its beginning: a few words to continue, or as many tokens as asked for. */
  readonly opening: Int32Array;
}

export interface HeldOutOptions {
  readonly batch: number;
  readonly sequence: number;
  /** Predict this many at most, in windows spread evenly over the text. */
  readonly tokens: number;
  /** Tokens of `HeldOut.opening` at most. Default 64. */
  readonly opening?: number | undefined;
}

/** How preparing talks to its surroundings. */
export interface Preparing {
  /** Hears of files that are given twice. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Ends it, nothing half done left. */
  readonly signal?: AbortSignal | undefined;
}

/** Windows over a part of prepared text. */
export async function heldOutOf(
  text: TokenSource,
  split: PreparedSplit,
  tokenizer: Pick<Tokenizer, 'decode'>,
  { batch, sequence, tokens, opening = 64 }: HeldOutOptions,
): Promise<HeldOut> {
  const batches: EvaluationBatch[] = [];
  for await (const window of windows(text, { sequence, batch, tokens })) batches.push(window);
  const counted = batches.reduce((sum, { count }) => sum + count, 0);
  return {
    batches,
    tokens: counted,
    bytesPerToken: text.learned
      ? learnedBytes(batches, tokenizer) / Math.max(1, counted)
      : split.bytes / split.tokens,
    opening: Int32Array.from(await text.read(0, Math.min(text.length, opening))),
  };
}

/** Bytes of the text that all targets make, where some tokens are not predicted. */
const learnedBytes = (batches: readonly EvaluationBatch[], { decode }: Pick<Tokenizer, 'decode'>): number =>
  batches.reduce(
    (sum, { targets }) => sum + Buffer.byteLength(decode(targets.filter((target) => target >= 0))),
    0,
  );

/** All the text in these paths, prepared; of one prepared folder its held-out part, if it has one. `field`: of JSONL. */
export async function openHeldOut(
  paths: readonly string[],
  tokenizer: Tokenizer,
  options: HeldOutOptions & Preparing & { readonly field: string },
): Promise<HeldOut> {
  const { field, warn, signal } = options;
  const [path] = paths;
  const prepared =
    paths.length === 1 && (await isPrepared(path!))
      ? await openPrepared(path!)
      : await prepareCached(readDocuments(paths, { field, tokenizer, warn }), tokenizer, cacheFolder(), {
          heldOutFraction: 0,
          signal,
        });
  try {
    const { name, hash } = prepared.index.tokenizer;
    if (hash !== tokenizer.hash)
      throw badInput(
        `${path} was prepared with another tokenizer: got ${name}, expected ${tokenizer.name} with hash ${tokenizer.hash.slice(0, 12)}`,
      );
    const { train, heldOut, index } = prepared;
    return await heldOutOf(
      heldOut ?? train,
      index.splits.validation ?? index.splits.train,
      tokenizer,
      options,
    );
  } finally {
    await prepared.close();
  }
}
