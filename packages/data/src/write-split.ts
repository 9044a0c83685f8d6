/** @file Tokens of documents, packed one after another into shards. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { createTokenShard, type TokenShardWriter } from '@octavo/store';
import { type Documents, withText } from './documents.ts';
import type { PreparedSplit } from './prepared-index.ts';
import type { Tokenizer, TokenList } from './tokenizer.ts';

/** A document done. */
export interface PrepareProgress {
  readonly split: 'train' | 'validation';
  readonly documents: number;
  readonly tokens: number;
  /** Of text, all splits together. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/**
 * Writes `NAME-00000.arrow`, … into `folder`: each document is `bos`, its tokens, `eos` (as far as the vocabulary has
 * them); it may go over the end of a shard. `onDocument` is told what is done.
 */
export async function writeSplit(
  name: 'train' | 'validation',
  documents: Documents,
  tokenizer: Tokenizer,
  folder: string,
  shardTokens: number,
  onDocument: (done: { documents: number; tokens: number; bytes: number }) => void,
): Promise<PreparedSplit> {
  const { vocabularySize, bos, eos } = tokenizer;
  const metadata = { split: name, tokenizer: tokenizer.name, tokenizerHash: tokenizer.hash };
  const shards: { file: string; tokens: number }[] = [];
  let writer: TokenShardWriter | undefined;
  const finish = async (): Promise<void> => {
    const done = writer;
    writer = undefined;
    await done?.finish();
  };
  const put = async (tokens: TokenList, startsDocument: boolean): Promise<void> => {
    for (let from = 0; from < tokens.length; ) {
      if (writer === undefined) {
        const file = `${name}-${String(shards.length).padStart(5, '0')}.arrow`;
        writer = await createTokenShard(join(folder, file), { vocabularySize, metadata });
        shards.push({ file, tokens: 0 });
      }
      const to = Math.min(tokens.length, from + shardTokens - writer.length);
      const part: number[] | TokenList =
        from === 0 && to === tokens.length ? tokens : Array.prototype.slice.call(tokens, from, to);
      await writer.append(part, startsDocument && from === 0);
      shards[shards.length - 1].tokens = writer.length;
      from = to;
      if (writer.length === shardTokens) await finish();
    }
  };
  const encoder = new TextEncoder();
  const done = { documents: 0, tokens: 0, bytes: 0 };
  try {
    for await (const { name: document, text } of withText(documents)) {
      const ids = encode(tokenizer, document, text);
      if (bos !== null) await put([bos], true);
      await put(ids, bos === null);
      if (eos !== null) await put([eos], ids.length === 0 && bos === null);
      done.documents++;
      done.tokens += ids.length + (bos === null ? 0 : 1) + (eos === null ? 0 : 1);
      done.bytes += encoder.encode(text).length;
      onDocument({ ...done });
    }
    await finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
  if (done.tokens === 0)
    throw new OctavoError(
      `[data] corpus is too small: got no text for ${name}, expected some: add text, or hold out another part`,
    );
  return { shards, ...done };
}

function encode(tokenizer: Tokenizer, name: string, text: string): TokenList {
  try {
    return tokenizer.encode(text);
  } catch (cause) {
    if (!OctavoError.is(cause)) throw cause;
    throw new OctavoError(`[data] ${name}: ${cause.message.replace(/^\[data\] /, '')}`, { cause });
  }
}
