/** @file Run folders: which one a new run gets, and which one a resumed run goes on in. */
import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import {
  type FolderLock,
  isRemote,
  isTemporary,
  LOCK_FILE,
  listNames,
  lockPlace,
  look,
  makeFolder,
  type PlaceLock,
  removeTemporaries,
  within,
} from '@octavo/store';

/** Where runs lie unless `--out` says otherwise. */
const RUNS = 'runs';

export const RUN_FILE = 'run.json';

export const isRun = async (folder: string): Promise<boolean> =>
  (await look(within(folder, RUN_FILE))) !== null;

/** What a killed process may have left in a folder that it had just begun to write in. */
const isLeftover = (name: string): boolean => name === LOCK_FILE || isTemporary(name);

/** Whether it is missing, or a folder without anything that is anybody’s. */
export async function isFree(folder: string): Promise<boolean> {
  const found = await look(folder);
  return found === null || (found.kind === 'folder' && (await listNames(folder)).every(isLeftover));
}

/** Refuses a folder for a new run that holds anything, and leaves it as it is. */
export async function checkFree(out: string): Promise<void> {
  if (await isFree(out)) return;
  const why = (await isRun(out))
    ? ' already holds a run: go on with it by --resume, or choose another --out'
    : ': got something that is not an empty folder, expected a new or an empty one for --out';
  throw new OctavoError(`[run] ${out}${why}`, { exitCode: 2 });
}

/** Makes and locks the folder of a new run: the one given, or a new one named after the run. */
export async function claimFolder(out: string | null, name: string): Promise<PlaceLock> {
  if (out !== null) {
    await checkFree(out);
    if (!isRemote(out)) makeRoom(out);
    const lock = await lockPlace(out);
    try {
      await checkFree(out); // again, since another run may have come and gone
      await removeTemporaries(out);
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
  makeRoom(RUNS);
  for (let n = 1; ; n++) {
    const folder = join(RUNS, n === 1 ? name : `${name}-${n}`);
    // Without `recursive` it fails where another run, perhaps starting this very moment, has the name.
    const made = await mkdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (made) return lockPlace(folder);
  }
}

function makeRoom(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new OctavoError(
      `[run] ${folder} cannot be made: got ${(error as NodeJS.ErrnoException).code}, expected a place that can be written; name another by --out`,
      { cause: error },
    );
  }
}

/** Refuses to go on once the folder is another than the one locked: what is written would not reach it. */
export async function checkHeld(lock: PlaceLock | FolderLock, certain = false): Promise<void> {
  if (await lock.holds(certain)) return;
  throw new OctavoError(
    `[run] ${lock.folder} is no longer the folder that this process writes in: it was moved or deleted, or its ${LOCK_FILE} was, or another process took it over; stopped: go on in the folder as it was last written, with --out where it lies now`,
  );
}

/** The folder to resume: the one given, or the newest run. */
export async function folderToResume(out: string | null): Promise<string> {
  if (out !== null) {
    if (await isRun(out)) return out;
    throw new OctavoError(
      `[run] nothing to resume: ${out} holds no ${RUN_FILE}; start a run there without --resume`,
      { exitCode: 2 },
    );
  }
  const newest = await newestRun();
  if (newest === null) {
    throw new OctavoError(
      `[run] nothing to resume: no run under ${RUNS}/; name one by --out, or start one without --resume`,
      { exitCode: 2 },
    );
  }
  return newest;
}

/** The run under `runs/` that was written to last, or null. */
async function newestRun(): Promise<string | null> {
  const runs: { folder: string; time: number }[] = [];
  for (const name of await listNames(RUNS)) {
    const folder = join(RUNS, name);
    if (await isRun(folder)) runs.push({ folder, time: lastWritten(folder) });
  }
  runs.sort((a, b) => b.time - a.time);
  return runs[0]?.folder ?? null;
}

function lastWritten(folder: string): number {
  const paths = [RUN_FILE, 'steps.arrow', 'checkpoints'].map((name) => join(folder, name));
  return Math.max(...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
