/** @file Tokens of documents, packed one after another into shards. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { createTokenShard, type TokenShardWriter } from '@octavo/store';
import { type Documents, withText } from './documents.ts';
import type { PreparedSplit, SplitName } from './prepared-index.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer, TokenList } from './tokenizer.ts';
import { createTurns } from './turns.ts';

/** A document done. */
export interface PrepareProgress {
  readonly split: SplitName;
  readonly documents: number;
  readonly tokens: number;
  /** Of text, all splits together. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface WriteSplitOptions {
  readonly shardTokens: number;
  readonly signal?: AbortSignal | undefined;
  /** Is told what is done. */
  readonly onDocument: (done: { documents: number; tokens: number; bytes: number }) => void;
}

/**
 * Writes `NAME-00000.arrow`, … into `folder`: each document is `bos`, its tokens, `eos` (as far as the vocabulary has
 * them; one token that is both stands once, between documents); it may go over the end of a shard.
 */
export async function writeSplit(
  name: SplitName,
  documents: Documents,
  tokenizer: Tokenizer,
  folder: string,
  { shardTokens, signal, onDocument }: WriteSplitOptions,
): Promise<PreparedSplit> {
  const { vocabularySize, eos } = tokenizer;
  const bos = tokenizer.bos === eos ? null : tokenizer.bos;
  const turn = createTurns(signal);
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
      shards[shards.length - 1]!.tokens = writer.length;
      from = to;
      if (writer.length === shardTokens) await finish();
    }
  };
  const encoder = new TextEncoder();
  const done = { documents: 0, tokens: 0, bytes: 0 };
  try {
    for await (const { name: document, text } of withText(documents)) {
      const before = done.tokens;
      const add = async (tokens: TokenList): Promise<void> => {
        await put(tokens, done.tokens === before);
        done.tokens += tokens.length;
      };
      if (bos !== null) await add([bos]);
      for (const ids of encodeParts(tokenizer, document, text)) {
        await add(ids);
        await turn();
      }
      if (eos !== null) await add([eos]);
      done.documents++;
      done.bytes += encoder.encode(text).length;
      onDocument({ ...done });
    }
    await finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
  if (done.tokens === 0)
    throw badInput(
      `corpus is too small: got no text for ${name}, expected some: add text, or hold out another part`,
    );
  return { shards, ...done };
}

function* encodeParts(tokenizer: Tokenizer, name: string, text: string): Generator<TokenList> {
  try {
    yield* tokenizer.encodeParts?.(text) ?? [tokenizer.encode(text)];
  } catch (cause) {
    if (!OctavoError.is(cause)) throw cause;
    throw badInput(`${name}: ${cause.message.replace(/^\[data\] /, '')}`, cause);
  }
}
