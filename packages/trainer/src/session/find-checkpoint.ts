/** @file The checkpoint that a path means: a file, or the newest whole one of a run. */
import { realpath } from 'node:fs/promises';
import { OctavoError } from '@octavo/formats';
import {
  absolute,
  type Checkpoint,
  isRemote,
  listCheckpoints,
  look,
  nameOf,
  newestWholeCheckpoint,
  openCheckpoint,
  parentOf,
  verifyCheckpoint,
} from '@octavo/store';
import { faultOf } from '../checkpoint.ts';
import { checkpointFolder } from '../run-files.ts';
import { isRun } from './folder.ts';

/** Opens it; close it afterwards. `warn` hears of newer checkpoints that are damaged. */
export async function openCheckpointAt(path: string, warn: (message: string) => void): Promise<Checkpoint> {
  const found = await look(path);
  if (!found)
    throw new OctavoError(
      `[run] no such file or folder: got "${path}", expected a checkpoint or a run folder`,
      { exitCode: 2 },
    );
  if (found.kind !== 'folder') return openCheckpoint(path);
  const folder = (await isRun(path)) ? checkpointFolder(path) : path;
  const checkpoint = await newestCheckpoint(folder, warn);
  if (checkpoint) return checkpoint;
  throw new OctavoError(
    `[run] ${path} holds no checkpoint: expected a run folder in which octavo train has saved one`,
    { exitCode: 2 },
  );
}

/**
 * The newest whole checkpoint whose state is finite (without such a one the newest), or null where none was ever written.
 * Refuses to go on where all are damaged.
 */
export async function newestCheckpoint(
  folder: string,
  warn: (message: string) => void,
): Promise<Checkpoint | null> {
  const { newest, skipped } = await newestWholeCheckpoint(folder);
  const reasons = skipped.map(({ reason }) => reason.replace(/^\[store\] /, ''));
  if (!newest && skipped.length > 0) {
    throw new OctavoError(
      `[run] every checkpoint in ${folder} is damaged; the newest: ${reasons[0]}; restore one, or start a new run`,
    );
  }
  for (const reason of reasons) warn(`${reason}; an earlier checkpoint is used`);
  if (!newest) return null;
  const checkpoint = await openCheckpoint(newest.path);
  const fault = faultOf(checkpoint);
  if (fault === null) return checkpoint;
  const finite = await newestFinite(folder, newest.step);
  warn(
    `${newest.path} is not finite (first in ${fault}); ${finite ? `${finite.path} is used, the last that is` : 'none before it is'}`,
  );
  if (!finite) return checkpoint;
  await checkpoint.close();
  return finite;
}

/** The newest whole checkpoint before `step` whose state is finite. */
async function newestFinite(folder: string, step: number): Promise<Checkpoint | null> {
  const earlier = (await listCheckpoints(folder)).filter((file) => file.step < step).reverse();
  for (const { path } of earlier) {
    try {
      await verifyCheckpoint(path);
      const checkpoint = await openCheckpoint(path);
      if (faultOf(checkpoint) === null) return checkpoint;
      await checkpoint.close();
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
    }
  }
  return null;
}

/** The run folder that a checkpoint lies in, as its path is written or where its links lead, or null. */
export async function runOf(checkpoint: string): Promise<string | null> {
  const named = absolute(checkpoint);
  for (const path of isRemote(named) ? [named] : [named, await realpath(named)]) {
    const folder = parentOf(path);
    if (nameOf(folder) === 'checkpoints' && (await isRun(parentOf(folder)))) return parentOf(folder);
  }
  return null;
}
