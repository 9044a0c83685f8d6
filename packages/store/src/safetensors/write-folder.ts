/** @file Writing a model's tensors into one safetensors file or, beyond a size, into shards with their index. */
import { OctavoError } from '@octavo/formats';
import { within } from '../place/address.ts';
import { writeFileAtomically } from '../place/place.ts';
import { entryBytes, type SafetensorsEntry } from './header.ts';
import { INDEX_FILE, SINGLE_FILE, shardName } from './shard-index.ts';
import { type SafetensorsRecord, writeSafetensors } from './write.ts';

/**
 * Tensors in their order, a new shard where the next would make one longer than `shardBytes`; one that is longer itself
 * stands alone. Pure. Throws an `OctavoError` (exit code 2) for a size that is none.
 */
export function planShards<T extends SafetensorsEntry>(tensors: readonly T[], shardBytes: number): T[][] {
  if (!(shardBytes >= 1))
    throw new OctavoError(`[store] shard size: got ${shardBytes}, expected at least 1 byte`, { exitCode: 2 });
  const shards: T[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = entryBytes(tensor);
    if (filled > 0 && filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(tensor);
    filled += bytes;
  }
  return shards;
}

/**
 * Writes `model.safetensors`, or `model-00001-of-0000N.safetensors` and so on and their index, into `folder`; tensors are
 * asked for one at a time. The index comes last, so a folder that has one is whole. Returns the names of the files.
 */
export async function writeSafetensorsFolder(
  folder: string,
  tensors: readonly SafetensorsRecord[],
  { shardBytes, metadata = {} }: { shardBytes: number; metadata?: Readonly<Record<string, string>> },
): Promise<readonly string[]> {
  const shards = planShards(tensors, shardBytes);
  if (shards.length === 1) {
    await writeSafetensors(within(folder, SINGLE_FILE), tensors, metadata);
    return [SINGLE_FILE];
  }
  const home = new Map<string, string>();
  for (const [i, shard] of shards.entries()) {
    const name = shardName(i, shards.length);
    for (const tensor of shard) {
      if (home.has(tensor.name))
        throw new OctavoError(`[store] tensor stands twice: got "${tensor.name}" again, expected each once`);
      home.set(tensor.name, name);
    }
  }
  const names = [...new Set(home.values())];
  for (const [i, name] of names.entries()) await writeSafetensors(within(folder, name), shards[i]!, metadata);
  await writeShardIndex(
    folder,
    tensors.map((tensor) => ({
      name: tensor.name,
      shard: home.get(tensor.name)!,
      byteLength: entryBytes(tensor),
    })),
  );
  return [...names, INDEX_FILE];
}

/** Writes the index of shards that lie in `folder`: which of them holds each tensor, of how many bytes. */
export async function writeShardIndex(
  folder: string,
  tensors: readonly { readonly name: string; readonly shard: string; readonly byteLength: number }[],
): Promise<void> {
  const totalSize = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const map = sorted.map(({ name, shard }) => `    ${JSON.stringify(name)}: ${JSON.stringify(shard)}`);
  const text = `{\n  "metadata": {\n    "total_size": ${totalSize}\n  },\n  "weight_map": {\n${map.join(',\n')}\n  }\n}\n`;
  await writeFileAtomically(within(folder, INDEX_FILE), text);
}
