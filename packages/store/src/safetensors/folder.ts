/** @file A model's tensors, in one safetensors file or in shards by their index, as one. */
import { quoted } from '@octavo/formats';
import { badFile } from '../file-error.ts';
import { nameOf, parentOf, within } from '../place/address.ts';
import { listNames, look } from '../place/place.ts';
import type { ListedEntry } from './header.ts';
import { openSafetensors, type Safetensors } from './read.ts';
import { INDEX_FILE, readShardIndex, SINGLE_FILE } from './shard-index.ts';

/** An open model: what a file offers, over all its shards. */
export interface SafetensorsFolder extends Omit<Safetensors, 'tensors'> {
  /** In the order of their shards, and in each in that of its data; `shard` is the file's name. */
  readonly tensors: readonly (ListedEntry & { readonly shard: string })[];
  /** Names of the files that were opened. */
  readonly shards: readonly string[];
  /** Other safetensors files in the folder, which belong to no part of the model; none where a file was named. */
  readonly strays: readonly string[];
}

/**
 * Opens a safetensors file, or a folder: its `model.safetensors`, or else the shards of `model.safetensors.index.json`. All
 * headers are read, no data. Throws an `OctavoError` (exit code 2) where a shard is missing or leads out of the folder, where
 * a tensor stands in two shards or in none, or in a shard that the index does not give for it.
 */
export async function openSafetensorsFolder(path: string): Promise<SafetensorsFolder> {
  if ((await look(path))?.kind !== 'folder') return together(path, parentOf(path), [nameOf(path)], null, []);
  const files = await listNames(path);
  const there = files.filter((name) => name.endsWith('.safetensors'));
  const strays = (used: readonly string[]): string[] => there.filter((name) => !used.includes(name));
  if (there.includes(SINGLE_FILE)) return together(path, path, [SINGLE_FILE], null, strays([SINGLE_FILE]));
  if (files.includes(INDEX_FILE)) {
    const { shards, shardOf } = await readShardIndex(within(path, INDEX_FILE));
    return together(path, path, shards, shardOf, strays(shards));
  }
  const instead = there.length > 0 ? there : files.filter((name) => /\.(bin|pth?|gguf)$/.test(name));
  throw badFile(
    `[store] ${path} holds no model: got ${
      instead.length > 0
        ? instead
            .slice(0, 5)
            .map((name) => quoted(name))
            .join(', ')
        : 'no weights'
    }, expected ${SINGLE_FILE} or ${INDEX_FILE}`,
  );
}

async function together(
  path: string,
  folder: string,
  shards: readonly string[],
  shardOf: ReadonlyMap<string, string> | null,
  strays: readonly string[],
): Promise<SafetensorsFolder> {
  const opened = new Map<string, Safetensors>();
  const close = async (): Promise<void> => {
    for (const file of opened.values()) await file.close();
  };
  try {
    const homes = new Map<string, string>();
    const tensors: (ListedEntry & { shard: string })[] = [];
    for (const shard of shards) {
      const file = await openSafetensors(within(folder, shard));
      opened.set(shard, file);
      for (const tensor of file.tensors) {
        const { name } = tensor;
        const other = homes.get(name);
        if (other !== undefined)
          throw badFile(
            `[store] ${path}: tensor ${quoted(name)} stands twice: got it in ${quoted(other)} and ${quoted(shard)}, expected one home`,
          );
        const expected = shardOf === null ? shard : shardOf.get(name);
        if (expected !== shard)
          throw badFile(
            `[store] ${path}: tensor ${quoted(name)} is in ${quoted(shard)}, expected ${expected === undefined ? 'in no shard' : `in ${quoted(expected)}`} by ${INDEX_FILE}`,
          );
        homes.set(name, shard);
        tensors.push({ ...tensor, shard });
      }
    }
    for (const [name, shard] of shardOf ?? [])
      if (!homes.has(name))
        throw badFile(
          `[store] ${path}: tensor ${quoted(name)} is missing: got none in ${quoted(shard)}, where ${INDEX_FILE} has it`,
        );
    const fileOf = (name: string): Safetensors => {
      const home = homes.get(name);
      if (home !== undefined) return opened.get(home)!;
      throw badFile(`[store] ${path} lacks a tensor: got no ${quoted(name)} among ${homes.size}`);
    };
    return {
      path,
      metadata: Object.assign({}, ...[...opened.values()].map(({ metadata }) => metadata)),
      tensors,
      shards,
      strays,
      has: (name) => homes.has(name),
      read: async (name) => fileOf(name).read(name),
      readRange: async (name, begin, end) => fileOf(name).readRange(name, begin, end),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
