/** @file A long row of tokens that can be read anywhere: in memory, or over several shards. */
import { OctavoError } from '@octavo/formats';
import { openTokenShard, type TokenArray, type TokenShardReader } from '@octavo/store';

export interface TokenSource {
  /** Number of tokens. */
  readonly length: number;
  /** Tokens `offset … offset + length − 1`. Throws outside the source. */
  read(offset: number, length: number): Promise<TokenArray>;
  close(): Promise<void>;
}

/** Tokens in memory as a source. */
export function tokenSource(tokens: TokenArray): TokenSource {
  return {
    length: tokens.length,
    async read(offset, length) {
      checkRange(offset, length, tokens.length);
      return tokens.subarray(offset, offset + length);
    },
    async close() {},
  };
}

/** Shards, one after another, as one row of tokens. They must share a vocabulary size. */
export async function openShards(paths: readonly string[]): Promise<TokenSource> {
  const readers: TokenShardReader[] = [];
  const close = async (): Promise<void> => {
    for (const reader of readers) await reader.close();
  };
  try {
    for (const path of paths) readers.push(await openTokenShard(path));
    const vocabularies = new Set(readers.map(({ vocabularySize }) => vocabularySize));
    if (vocabularies.size !== 1)
      throw new OctavoError(
        `[data] shards: got vocabularies of ${[...vocabularies].join(' and ') || 'no'} tokens, expected one: prepare them together`,
      );
  } catch (error) {
    await close();
    throw error;
  }
  return joinReaders(readers, close);
}

function joinReaders(readers: readonly TokenShardReader[], close: () => Promise<void>): TokenSource {
  const starts: number[] = [];
  let total = 0;
  for (const { length } of readers) {
    starts.push(total);
    total += length;
  }
  const { vocabularySize } = readers[0]!;
  return {
    length: total,
    async read(offset, length) {
      checkRange(offset, length, total);
      const result = vocabularySize <= 65536 ? new Uint16Array(length) : new Uint32Array(length);
      let shard = starts.findLastIndex((start) => start <= offset);
      for (let done = 0; done < length; shard++) {
        const within = offset + done - starts[shard]!;
        const part = Math.min(length - done, readers[shard]!.length - within);
        if (part > 0) result.set(await readers[shard]!.read(within, part), done);
        done += part;
      }
      return result;
    },
    close,
  };
}

function checkRange(offset: number, length: number, total: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 0 || offset + length > total)
    throw new OctavoError(
      `[data] tokens: got ${offset} and ${length} more, expected a stretch of 0 to ${total}`,
    );
}
