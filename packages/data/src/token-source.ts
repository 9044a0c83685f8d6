/** @file A long row of tokens that can be read anywhere: in memory, or over several shards. */
import { OctavoError } from '@octavo/formats';
import { openTokenShard, type TokenArray, type TokenShardReader } from '@octavo/store';

export interface TokenSource {
  /** Number of tokens. */
  readonly length: number;
  /** Tokens `offset … offset + length − 1`. Throws outside the source. */
  read(offset: number, length: number): Promise<TokenArray>;
  /** 1 for each of these that is learned, 0 for the others; absent where all are. */
  learned?(offset: number, length: number): Promise<Uint8Array>;
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
  /** Fills a result from the shards that a stretch lies in. */
  const gather = async <A extends TokenArray | Uint8Array>(
    result: A,
    offset: number,
    read: (reader: TokenShardReader, offset: number, length: number) => Promise<A>,
  ): Promise<A> => {
    const { length } = result;
    checkRange(offset, length, total);
    let shard = starts.findLastIndex((start) => start <= offset);
    for (let done = 0; done < length; shard++) {
      const within = offset + done - starts[shard]!;
      const part = Math.min(length - done, readers[shard]!.length - within);
      if (part > 0) result.set(await read(readers[shard]!, within, part), done);
      done += part;
    }
    return result;
  };
  return {
    length: total,
    read: (offset, length) =>
      gather<TokenArray>(
        vocabularySize <= 65536 ? new Uint16Array(length) : new Uint32Array(length),
        offset,
        (reader, ...stretch) => reader.read(...stretch),
      ),
    ...(readers.some(({ masked }) => masked) && {
      learned: (offset: number, length: number) =>
        gather(new Uint8Array(length), offset, (reader, ...stretch) => reader.learned(...stretch)),
    }),
    close,
  };
}

/** The tokens after each of a stretch, as targets: −1, which the loss ignores, where one is not learned. */
export async function targetsOf(source: TokenSource, offset: number, length: number): Promise<Int32Array> {
  const targets = Int32Array.from(await source.read(offset + 1, length));
  const learned = await source.learned?.(offset + 1, length);
  return learned ? targets.map((target, i) => (learned[i] ? target : -1)) : targets;
}

function checkRange(offset: number, length: number, total: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 0 || offset + length > total)
    throw new OctavoError(
      `[data] tokens: got ${offset} and ${length} more, expected a stretch of 0 to ${total}`,
    );
}
