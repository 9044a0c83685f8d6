/** @file Tokens of documents, packed one after another into shards. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { createTokenShard, type TokenShardWriter } from '@octavo/store';
import { type Documents, type TextDocument, withText } from './documents.ts';
import { maskedPieces, type Piece } from './masked-pieces.ts';
import type { PreparedSplit, SplitName } from './prepared-index.ts';
import type { SplitState } from './preparing.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer, TokenList } from './tokenizer.ts';
import { createTurns } from './turns.ts';

/** Whole documents that are done. */
interface Done {
  readonly documents: number;
  readonly tokens: number;
  /** Of their text. */
  readonly bytes: number;
}

export interface WriteSplitOptions {
  readonly shardTokens: number;
  /** Some documents are learned in part: the shards say of every token whether it is. */
  readonly masked: boolean;
  readonly signal?: AbortSignal | undefined;
  /** What an earlier process has written of the same documents. */
  readonly state: SplitState | null;
  readonly onDocument: (done: Done) => void;
  /** A shard is on the disk. */
  readonly onShard: (state: SplitState) => Promise<void>;
}

/**
 * Writes `NAME-00000.arrow`, … into `folder`: each document is `bos`, its tokens, `eos` (as far as the vocabulary has
 * them; one token that is both stands once, between documents), or its tokens alone where it is `complete`; it may go over the
 * end of a shard. What follows from a prompt is learned to its end, `eos` included.
 */
export async function writeSplit(
  name: SplitName,
  documents: Documents,
  tokenizer: Tokenizer,
  folder: string,
  { shardTokens, masked, signal, state, onDocument, onShard }: WriteSplitOptions,
): Promise<PreparedSplit> {
  if (state?.complete) return splitOf(state.shards, state);
  const { vocabularySize, eos } = tokenizer;
  const bos = tokenizer.bos === eos ? null : tokenizer.bos;
  const turn = createTurns(signal);
  const metadata = { split: name, tokenizer: tokenizer.name, tokenizerHash: tokenizer.hash };
  const shards = (state?.shards ?? []).map((shard) => ({ ...shard }));
  const { documents: skipped, ...begun } = state ?? { documents: 0, tokens: 0, bytes: 0 };
  const done = { documents: 0, tokens: begun.tokens, bytes: begun.bytes };
  /** Tokens of the document at hand that the shards have already. */
  let written = shards.reduce((sum, { tokens }) => sum + tokens, 0) - done.tokens;
  let writer: TokenShardWriter | undefined;
  const finish = async (complete: boolean): Promise<void> => {
    const finished = writer;
    writer = undefined;
    await finished?.finish();
    await onShard({ shards, ...done, complete });
  };
  const put = async (tokens: TokenList, startsDocument: boolean, learned: boolean): Promise<void> => {
    let from = Math.min(written, tokens.length);
    written -= from;
    while (from < tokens.length) {
      if (writer === undefined) {
        const file = `${name}-${String(shards.length).padStart(5, '0')}.arrow`;
        writer = await createTokenShard(join(folder, file), { vocabularySize, metadata, masked });
        shards.push({ file, tokens: 0 });
      }
      const to = Math.min(tokens.length, from + shardTokens - writer.length);
      const part: number[] | TokenList =
        from === 0 && to === tokens.length ? tokens : Array.prototype.slice.call(tokens, from, to);
      await writer.append(part, startsDocument && from === 0, learned);
      shards[shards.length - 1]!.tokens = writer.length;
      from = to;
      if (writer.length === shardTokens) await finish(false);
    }
  };
  const encoder = new TextEncoder();
  try {
    for await (const document of withText(documents)) {
      if (done.documents < skipped) {
        done.documents++;
        await turn();
        continue;
      }
      let tokens = 0;
      const { text, learned, complete = false } = document;
      const add = async (ids: TokenList, counts: boolean): Promise<void> => {
        await put(ids, tokens === 0, counts);
        tokens += ids.length;
      };
      if (bos !== null && !complete) await add([bos], learned === undefined);
      for (const piece of encodePieces(tokenizer, document)) {
        await add(piece.ids, piece.learned);
        await turn();
      }
      if (eos !== null && !complete) await add([eos], true);
      done.tokens += tokens;
      done.documents++;
      done.bytes += encoder.encode(text).length;
      onDocument({ ...done });
    }
    if (done.tokens > 0) await finish(true);
  } catch (error) {
    await writer?.abort();
    throw error;
  }
  if (done.tokens === 0)
    throw badInput(
      `corpus is too small: got no text for ${name}, expected some: add text, or hold out another part`,
    );
  return splitOf(shards, done);
}

/** In this order always: the same input gives the same bytes. */
const splitOf = (shards: PreparedSplit['shards'], { tokens, documents, bytes }: Done): PreparedSplit => ({
  ...{ shards, tokens, documents, bytes },
});

function* encodePieces(tokenizer: Tokenizer, { name, text, learned }: TextDocument): Generator<Piece> {
  try {
    if (learned) yield* maskedPieces(tokenizer, text, learned);
    else
      for (const ids of tokenizer.encodeParts?.(text) ?? [tokenizer.encode(text)])
        yield { ids, learned: true };
  } catch (cause) {
    if (!OctavoError.is(cause)) throw cause;
    throw badInput(`${name}: ${cause.message.replace(/^\[data\] /, '')}`, cause);
  }
}
