/** @file What a token shard is: the columns and keys that its writer and its reader agree on. */
import { type Column, column } from '../arrow/column.ts';

/** The value of `octavo.layout` in a token shard of this version. */
export const SHARD_LAYOUT = 'tokens/1';
/** Tokens a record batch: 32 or 64 KiB, the least that is read and checked at once. All but the last batch are full. */
export const SHARD_BATCH = 16384;
/** Largest number of tokens in one shard: document offsets are 32-bit. */
export const SHARD_LIMIT = 2 ** 32 - 1;

/** Ids below 65,536 take two bytes, larger ones four. */
export const tokenType = (vocabularySize: number): 'uint16' | 'uint32' =>
  vocabularySize <= 65536 ? 'uint16' : 'uint32';

/** A row a token: its id, and whether a document starts with it; of a masked shard, whether it is learned. */
export const shardColumns = (vocabularySize: number, masked = false): readonly Column[] => [
  column('tokens', tokenType(vocabularySize), 'Id of the token in the vocabulary, the first is 0.', 'index'),
  column('document_start', 'bool', 'Whether a document starts with this token.'),
  ...(masked
    ? [column('learned', 'bool', 'Whether the loss looks at this token; a prompt is only read.')]
    : []),
];

export type TokenArray = Uint16Array | Uint32Array;

/** What `writeTokenShard` takes. */
export interface TokenShard {
  readonly tokens: TokenArray;
  /** Offsets of the tokens that start a document, strictly ascending. */
  readonly documents: ArrayLike<number>;
  /** Ids lie in 0 … vocabularySize − 1. */
  readonly vocabularySize: number;
  /** Free strings kept in the file: tokenizer name, its hash, the source. Keys beginning with `octavo.` are reserved. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A shard opened by `openTokenShard`. */
export interface TokenShardReader {
  readonly path: string;
  /** Number of tokens. */
  readonly length: number;
  readonly vocabularySize: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether some tokens are not learned. */
  readonly masked: boolean;
  /** Tokens `offset … offset + length − 1`, checked against their CRC. Throws an `OctavoError` outside the shard or where it is damaged. */
  read(offset: number, length: number): Promise<TokenArray>;
  /** 1 for each of these tokens that is learned, 0 for the others; of a shard that is not masked 1 for all. Checked as tokens are. */
  learned(offset: number, length: number): Promise<Uint8Array>;
  /** Offsets of all tokens that start a document, ascending. */
  documents(): Promise<Uint32Array>;
  close(): Promise<void>;
}

/** A shard being written by `createTokenShard`; nothing stands under its path before `finish`. */
export interface TokenShardWriter {
  /**
   * Appends tokens; `startsDocument` (default true) says whether a document starts with the first of them, `learned` (default true)
   * whether the loss looks at them, which only a masked shard can keep.
   */
  append(tokens: ArrayLike<number>, startsDocument?: boolean, learned?: boolean): Promise<void>;
  /** Tokens so far. */
  readonly length: number;
  finish(): Promise<void>;
  abort(): Promise<void>;
}
