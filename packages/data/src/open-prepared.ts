/** @file A prepared folder, opened for training. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { byteTokenizer } from './byte-tokenizer.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { type PreparedIndex, type PreparedSplit, readPreparedIndex } from './prepared-index.ts';
import { openShards, type TokenSource } from './token-source.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface PreparedData {
  readonly folder: string;
  readonly index: PreparedIndex;
  readonly train: TokenSource;
  readonly heldOut: TokenSource | null;
  close(): Promise<void>;
}

/** Opens what `prepare` wrote, and checks that the shards are those of the index. */
export async function openPrepared(folder: string): Promise<PreparedData> {
  const index = await readPreparedIndex(folder);
  const open: TokenSource[] = [];
  const close = async (): Promise<void> => {
    for (const source of open) await source.close();
  };
  const openSplit = async (split: PreparedSplit): Promise<TokenSource> => {
    const source = await openShards(split.shards.map(({ file }) => join(folder, file)));
    open.push(source);
    if (source.length !== split.tokens)
      throw new OctavoError(
        `[data] ${folder} does not fit its index: got ${source.length} tokens, expected ${split.tokens}: prepare the data again`,
      );
    return source;
  };
  try {
    const { train, validation: heldOut } = index.splits;
    return {
      folder,
      index,
      train: await openSplit(train),
      heldOut: heldOut === null ? null : await openSplit(heldOut),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where its tokenizer is: `byte`, the `tokenizer.json` that the folder has brought, or else `llama2`. */
export function preparedTokenizerSpec(folder: string, { tokenizer }: PreparedIndex): string {
  if (tokenizer.hash === byteTokenizer().hash) return 'byte';
  const file = join(folder, 'tokenizer.json');
  return existsSync(file) ? file : 'llama2';
}

/** The tokenizer that a prepared folder was made with, checked by its hash. */
export async function preparedTokenizer(folder: string, index: PreparedIndex): Promise<Tokenizer> {
  const { hash, name } = index.tokenizer;
  const tokenizer = await loadTokenizer(preparedTokenizerSpec(folder, index));
  if (tokenizer.hash === hash) return { ...tokenizer, name };
  throw new OctavoError(
    `[data] tokenizer of ${folder} is another than the data was made with: got hash ${tokenizer.hash.slice(0, 12)}, expected ${hash.slice(0, 12)}: prepare the data again`,
  );
}
