/** @file `model.safetensors.index.json`: which shard holds which tensor, as Hugging Face writes it; checked before a path is made of it. */
import { basename } from 'node:path';
import { quoted } from '@octavo/formats';
import { duplicateKey } from '../duplicate-key.ts';
import { badFile } from '../file-error.ts';
import { openAs } from '../place/place.ts';
import { isRecord, isStrings, MAX_HEADER } from './header.ts';

/** A model in one file, and the index of one in several. */
export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** Most shards of a model; the largest known ones have a few hundred. */
const MAX_SHARDS = 10_000;

/** The index as it stands: what it says need not be so. */
export interface ShardIndex {
  /** Bytes of all tensors, as the index says; null where it does not. */
  readonly totalSize: number | null;
  /** Names of the shards, in the order of the index, each once. */
  readonly shards: readonly string[];
  /** The shard of each tensor. */
  readonly shardOf: ReadonlyMap<string, string>;
}

/** The name of shard `i` (from 0) of `count`. */
export const shardName = (i: number, count: number): string =>
  `model-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;

/** Reads an index. Throws an `OctavoError` where it is none, or names a file outside its folder. */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  const refuse = (why: string, cause?: unknown): never => {
    throw badFile(`[store] ${path} is no index of shards: ${why}`, cause);
  };
  const text = await openAs(path, async (file) => {
    if (file.size > MAX_HEADER) refuse(`got ${file.size} bytes, expected at most ${MAX_HEADER}`);
    const bytes = await file.read(0, file.size);
    await file.close();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      return refuse('it is not UTF-8', cause);
    }
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return refuse('it is not JSON', cause);
  }
  if (!isRecord(json)) return refuse('it is not an object');
  const twice = duplicateKey(text);
  if (twice !== undefined) return refuse(`${quoted(twice)} stands twice in it`);
  const { weight_map: map, metadata } = json;
  if (!isStrings(map)) return refuse('its weight_map is no object of file names');
  const shardOf = new Map(Object.entries(map));
  const shards = [...new Set(shardOf.values())];
  if (shards.length > MAX_SHARDS)
    return refuse(`got ${shards.length} shards, expected at most ${MAX_SHARDS}`);
  for (const shard of shards)
    if (basename(shard) !== shard || !/^[^\\/\0]+\.safetensors$/.test(shard))
      return refuse(`got shard ${quoted(shard)}, expected the name of a .safetensors file beside the index`);
  const size = isRecord(metadata) ? metadata.total_size : undefined;
  return { totalSize: typeof size === 'number' && Number.isFinite(size) ? size : null, shards, shardOf };
}
