/**
 * @file A checkpoint in several files: the manifest, `step-00000100.arrow`, which says what there is and keeps what is small,
 * and beside it a shard of every writer, `step-00000100.rank-0-of-4.arrow`. All are checkpoints by themselves. A tensor
 * that the manifest has not lies in parts, flat, in the shards: put together in their order they are the tensor.
 */
import { OctavoError, quoted } from '@octavo/formats';
import { concatenate } from '../bytes.ts';
import { tensorBytes } from '../element-bits.ts';
import { badFile } from '../file-error.ts';
import type { Checkpoint, CheckpointOptions, StoredTensor, TensorDescription } from './layout.ts';

/** The key of a manifest's metadata that makes it one. */
export const SHARDS = 'shards';

/** What a manifest says under that key, as JSON. */
export interface Shards {
  /** Drawn anew for every save, and in the metadata of each shard: files of different saves do not go together. */
  readonly save: string;
  /** Names of the files, in the order of their parts. */
  readonly files: readonly string[];
  /** The tensors that lie in parts. */
  readonly tensors: readonly TensorDescription[];
}

/** The shard of writer `rank` beside the manifest `path`. */
export const shardPath = (path: string, rank: number, ranks: number): string =>
  path.replace(/\.arrow$/, `.rank-${rank}-of-${ranks}.arrow`);

/** The whole checkpoint behind a manifest. Throws an `OctavoError` that names the shard which is missing or of another save. */
export async function joinShards(
  manifest: Checkpoint,
  open: (path: string) => Promise<Checkpoint>,
  options: CheckpointOptions = {},
): Promise<Checkpoint> {
  const { path } = manifest;
  const { save, files, tensors } = shardsOf(manifest);
  const shards: Checkpoint[] = [];
  const close = async (): Promise<void> => {
    for (const one of [manifest, ...shards]) await one.close();
  };
  try {
    for (const file of files) {
      const shard = await open(path.slice(0, path.search(/[^/\\]*$/)) + file);
      shards.push(shard);
      if (shard.metadata.save !== save)
        throw badFile(
          `[store] ${shard.path} is of another save than ${path}: got ${quoted(shard.metadata.save ?? 'none')}, expected ${quoted(save)}: use an earlier checkpoint`,
        );
    }
  } catch (error) {
    await close();
    throw error;
  }
  const inParts = new Map(tensors.map((tensor) => [keyOf(tensor), tensor]));
  const read = async (tensor: TensorDescription): Promise<StoredTensor> => {
    const { name, role, format, shape } = tensor;
    const holders = shards.filter((shard) => shard.has(name, role));
    const parts: StoredTensor[] = [];
    for (const shard of holders) parts.push(await shard.read(name, role));
    const data = concatenate(parts.map((part) => part.data));
    const expected = tensorBytes(shape, format, options.formats);
    if (data.length !== expected || parts.some((part) => part.format !== format))
      throw badFile(
        `[store] ${path} lacks a part of ${quoted(name)}, ${quoted(role)}: got ${data.length} bytes in ${files.length} shards, expected ${expected} of ${format}: use an earlier checkpoint`,
      );
    return { ...tensor, scale: parts[0]?.scale ?? new Float32Array(), data };
  };
  const described = tensors.map(({ shape, format, ...rest }) => ({
    ...{ ...rest, shape, format, byteLength: tensorBytes(shape, format, options.formats) },
  }));
  return {
    path,
    metadata: manifest.metadata,
    tensors: [...described, ...manifest.tensors],
    has: (name, role) => inParts.has(keyOf({ name, role })) || manifest.has(name, role),
    read: (name, role) => {
      const tensor = inParts.get(keyOf({ name, role }));
      return tensor ? read(tensor) : manifest.read(name, role);
    },
    async *all() {
      for (const tensor of tensors) yield await read(tensor);
      yield* manifest.all();
    },
    close,
  };
}

const keyOf = ({ name, role }: Pick<TensorDescription, 'name' | 'role'>): string =>
  JSON.stringify([name, role]);

/** What the manifest says of its shards, checked: file names lead nowhere else. */
function shardsOf({ path, metadata }: Checkpoint): Shards {
  const refuse = (what: string): never => {
    throw new OctavoError(`[store] ${path}: metadata "${SHARDS}": ${what}`, { exitCode: 2 });
  };
  let told: Partial<Shards> | null = null;
  try {
    told = JSON.parse(metadata[SHARDS]!) as Partial<Shards> | null;
  } catch {
    refuse('got something that is not JSON');
  }
  const { save, files, tensors } = told ?? {};
  const text = (value: unknown): boolean => typeof value === 'string';
  if (!text(save) || !Array.isArray(files) || !Array.isArray(tensors))
    refuse('expected an object of save, files and tensors');
  if (!files!.every((file) => text(file) && /^[\w.-]+\.arrow$/.test(file)))
    refuse('expected names of Arrow files beside it');
  const isDescribed = (tensor: Partial<TensorDescription> | null): boolean =>
    [tensor?.name, tensor?.role, tensor?.format].every(text) &&
    Array.isArray(tensor?.shape) &&
    tensor.shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!tensors!.every(isDescribed)) refuse('expected tensors of name, role, format and shape');
  return told as Shards;
}
