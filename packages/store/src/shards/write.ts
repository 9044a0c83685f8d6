/** @file Writing token shards, a record batch at a time. */
import { OctavoError } from '@octavo/formats';
import { arrowSchema, plainData, recordBatch } from '../arrow/column.ts';
import { arrowFileEncoder } from '../arrow/encode.ts';
import { sealMetadata } from '../arrow/metadata.ts';
import { type Crc32c, loadCrc32c } from '../checksums.ts';
import { createAtomically } from '../place/place.ts';
import {
  SHARD_BATCH,
  SHARD_LAYOUT,
  SHARD_LIMIT,
  shardColumns,
  type TokenShard,
  type TokenShardWriter,
  tokenType,
} from './layout.ts';

/** CRC-32C of a batch: its number and length (so that batches cannot change places), its tokens, its document bits, its mask. */
export function shardCrc(crc: Crc32c, batch: number, rows: number, columns: readonly Uint8Array[]): number {
  return crc(new TextEncoder().encode(`${batch}:${rows}`), ...columns);
}

/**
 * Starts a shard of unknown length. Memory stays at one batch; the file appears under `path` at `finish`.
 * Throws an `OctavoError` for a vocabulary outside 1 … 2³² and for ids outside it.
 */
export async function createTokenShard(
  path: string,
  options: Pick<TokenShard, 'vocabularySize' | 'metadata'> & {
    /** Some tokens are not to be learned. Default false. */
    readonly masked?: boolean;
  },
): Promise<TokenShardWriter> {
  const { vocabularySize, metadata, masked = false } = options;
  if (!Number.isSafeInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > 2 ** 32)
    throw new OctavoError(
      `[store] vocabulary size is impossible: got ${vocabularySize}, expected 1 to 4294967296`,
    );
  const crc = await loadCrc32c();
  const type = tokenType(vocabularySize);
  const sealed = sealMetadata(crc, SHARD_LAYOUT, metadata, {
    'octavo.batch': String(SHARD_BATCH),
    'octavo.vocabulary': String(vocabularySize),
    ...(masked && { 'octavo.masked': 'true' }),
  });
  const schema = arrowSchema(shardColumns(vocabularySize, masked), sealed);
  const encoder = arrowFileEncoder(schema);
  const tokens = type === 'uint16' ? new Uint16Array(SHARD_BATCH) : new Uint32Array(SHARD_BATCH);
  const starts = new Uint8Array(SHARD_BATCH / 8);
  const mask = new Uint8Array(masked ? SHARD_BATCH / 8 : 0);
  let [batches, filled, length] = [0, 0, 0];

  const file = await createAtomically(path);
  const flush = async (): Promise<void> => {
    const rows = filled;
    const values = tokens.subarray(0, rows);
    const bits = (masked ? [starts, mask] : [starts]).map((all) => all.subarray(0, Math.ceil(rows / 8)));
    const bytes = new Uint8Array(values.buffer, 0, values.byteLength);
    const sum = shardCrc(crc, batches, rows, [bytes, ...bits]);
    const data = [plainData(type, values, rows), ...bits.map((of) => plainData('bool', of, rows))];
    const batch = recordBatch(schema, rows, data, { crc32c: String(sum) });
    await file.write(encoder.batch(batch));
    batches += 1;
    filled = 0;
    starts.fill(0);
    mask.fill(0);
  };
  try {
    await file.write(encoder.start);
  } catch (error) {
    await file.abort();
    throw error;
  }
  return {
    get length() {
      return length;
    },
    async append(added, startsDocument = true, learned = true) {
      if (!masked && !learned)
        throw new OctavoError(
          '[store] token shard: got tokens that are not learned, expected a shard made with masked: true',
        );
      if (length + added.length > SHARD_LIMIT)
        throw new OctavoError(
          `[store] token shard is too long: got ${length + added.length} tokens, expected at most ${SHARD_LIMIT}: begin another shard`,
        );
      for (let i = 0; i < added.length; i++) {
        const id = added[i]!;
        if (!Number.isInteger(id) || id < 0 || id >= vocabularySize)
          throw new OctavoError(
            `[store] token ${length} is outside the vocabulary: got ${id}, expected 0 to ${vocabularySize - 1}`,
          );
        if (i === 0 && startsDocument) starts[filled >> 3]! |= 1 << (filled & 7);
        if (masked && learned) mask[filled >> 3]! |= 1 << (filled & 7);
        tokens[filled] = id;
        filled += 1;
        length += 1;
        if (filled === SHARD_BATCH) await flush();
      }
    },
    async finish() {
      if (filled > 0) await flush();
      await file.write(encoder.end());
      await file.commit();
    },
    abort: () => file.abort(),
  };
}

/** Writes a whole shard; on any failure nothing is left behind. */
export async function writeTokenShard(path: string, shard: TokenShard): Promise<void> {
  const { tokens, documents } = shard;
  for (let i = 0; i < documents.length; i++) {
    const [previous, start] = [i === 0 ? -1 : documents[i - 1], documents[i]];
    if (!Number.isInteger(start) || start! <= previous! || start! >= tokens.length)
      throw new OctavoError(
        `[store] document ${i} starts in the wrong place: got ${start}, expected ${previous! + 1} to ${tokens.length - 1}`,
      );
  }
  const writer = await createTokenShard(path, shard);
  try {
    const bounds = [...Array.from(documents), tokens.length];
    await writer.append(tokens.subarray(0, bounds[0]), false);
    for (let i = 0; i < documents.length; i++)
      await writer.append(tokens.subarray(bounds[i], bounds[i + 1]), true);
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
