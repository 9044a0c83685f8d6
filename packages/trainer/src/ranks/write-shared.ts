/** @file A checkpoint that ranks write together: a shard each of what it owns, then the manifest, which makes them one. */
import { randomBytes } from 'node:crypto';
import { fromFirst } from '@octavo/mpi';
import { ADAM_ROLES } from '@octavo/optim';
import {
  listShards,
  nameOf,
  parentOf,
  removeFile,
  SHARDS,
  type Shards,
  shardPath,
  writeCheckpoint,
} from '@octavo/store';
import { stateRecords } from '../checkpoint.ts';
import { historyRecords } from '../histories.ts';
import type { Training } from '../training.ts';
import type { Ranks } from './ranks.ts';

/** Resolves on every rank once the manifest is on disk under its name; until then what stood there stays the checkpoint. */
export async function writeShared(
  path: string,
  metadata: Readonly<Record<string, string>>,
  training: Training,
  { group }: Ranks,
  how: { readonly beforeCommit?: () => Promise<void> } = {},
): Promise<void> {
  const { rank, size } = group;
  const save = await fromFirst(group, () => randomBytes(16).toString('hex'));
  const { step } = training;
  const own = { save, rank: JSON.stringify(rank), ranks: JSON.stringify(size), step: JSON.stringify(step) };
  await writeCheckpoint(shardPath(path, rank, size), own, stateRecords(training));
  await group.barrier();
  if (rank === 0) {
    const files = Array.from({ length: size }, (_, r) => nameOf(shardPath(path, r, size)));
    const shards: Shards = { save, files, tensors: describe(training) };
    const manifest = { ...metadata, [SHARDS]: JSON.stringify(shards) };
    await writeCheckpoint(path, manifest, historyRecords(training.model.precision), how);
    for (const old of await listShards(parentOf(path)))
      if (old.step === step && !files.includes(nameOf(old.path))) await removeFile(old.path);
  }
  await group.barrier();
}

/** All tensors that lie in parts, in the order of a checkpoint in one file. */
const describe = ({ model, optimizer }: Training): Shards['tensors'] =>
  model.parameters.flatMap(({ name, value }, i) => [
    { name, role: 'weight', format: value.format.name, shape: value.shape },
    ...ADAM_ROLES.map((role) => ({
      ...{ name, role, format: optimizer[i]!.state[role].format.name, shape: value.shape },
    })),
  ]);
