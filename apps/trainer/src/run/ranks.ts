/** @file The ranks of a training session, started by mpirun: the first decides and speaks, the others follow. */
import { writeSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { type Communicator, fromFirst, launchedHere } from '@octavo/mpi';
import { openCheckpoint, openWorkingFolder, type PlaceLock, type WorkingFolder } from '@octavo/store';
import type { DeviceChoice, SessionDevice } from '@octavo/trainer';
import type { RunRecord } from '@octavo/trainer/record';
import { describeError } from '../errors.ts';
import type { Output } from '../output/messages.ts';
import { beganOf, type Origin } from './origin.ts';

/** Milliseconds that a rank waits before it speaks of an error: the first, if it has the same, has said it by then. */
const COURTESY = 1000;

/** What the others say. */
export const silence: Output = { say() {}, close() {} };

/** The origin that the first rank opens, as every rank has it: the others lock nothing. */
export async function originOfAll(group: Communicator, open: () => Promise<Origin>): Promise<Origin> {
  let first: Origin | null = null;
  const { settings, resumed } = await fromFirst(group, async () => {
    first = await open();
    const { resumed } = first;
    return {
      settings: first.settings,
      resumed: resumed && {
        folder: resumed.lock.folder,
        record: resumed.record,
        checkpoint: resumed.checkpoint?.path ?? null,
      },
    };
  });
  if (first) return first;
  if (!resumed) return { settings, resumed };
  const { folder, checkpoint } = resumed;
  const record: RunRecord = resumed.record;
  return {
    settings,
    resumed: {
      lock: lockedByFirst(folder),
      record,
      checkpoint: checkpoint === null ? null : await openCheckpoint(checkpoint),
      began: await beganOf(record, folder),
    },
  };
}

/** The folder that the first rank claims, on every rank. */
export async function folderOfAll(
  group: Communicator,
  claim: () => Promise<PlaceLock> | PlaceLock,
): Promise<PlaceLock> {
  let own: PlaceLock | null = null;
  const folder = await fromFirst(group, async () => {
    own = await claim();
    return own.folder;
  });
  return own ?? lockedByFirst(folder);
}

const lockedByFirst = (folder: string): PlaceLock => ({
  folder,
  holds: async () => true,
  release: async () => {},
});

/** The run's folder: the first rank alone keeps its files, of which the others write none but their shards. */
export async function workingFolderOfAll({ rank }: Communicator, place: string): Promise<WorkingFolder> {
  if (rank === 0) return openWorkingFolder(place);
  const nothing = async (): Promise<void> => {};
  return { place, local: place, publish: nothing, keep: () => {}, close: nothing };
}

/** Does something on the first rank, then, when it is done, on the others: what it has prepared they find. */
export async function firstThenOthers<T>(group: Communicator, act: () => Promise<T>): Promise<T> {
  if (group.rank > 0) await group.barrier(Number.POSITIVE_INFINITY);
  const done = await act();
  if (group.rank === 0) await group.barrier();
  return done;
}

/** The device that the first rank chooses, on every rank one of its own. */
export async function deviceOfAll(
  group: Communicator,
  open: (choice: DeviceChoice | null) => Promise<SessionDevice>,
): Promise<SessionDevice> {
  let own: SessionDevice | null = null;
  const choice = await fromFirst(group, async () => {
    own = await open(null);
    return own.choice;
  });
  return own ?? open(choice);
}

/** Threads of each rank where nobody says a number: the machine's, shared among those on it; null: there is one rank. */
export const threadsOf = ({ size }: Communicator): number | null =>
  size === 1
    ? null
    : Math.max(1, Math.min(4, availableParallelism(), Math.floor(cpus().length / launchedHere(process.env))));

/** Says which rank failed and why, and ends all. */
export async function endAll(group: Communicator, error: unknown, debug: boolean): Promise<void> {
  if (group.rank > 0) await setTimeout(COURTESY);
  const { text, exitCode } = describeError(error, debug);
  if (exitCode !== 0) writeSync(process.stderr.fd, text.replace(/^octavo: /, `octavo: rank ${group.rank}: `));
  group.abort(exitCode);
}
