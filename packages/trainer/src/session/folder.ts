/** @file Run folders: which one a new run gets, and which one a resumed run goes on in. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import {
  type FolderLock,
  isTemporary,
  LOCK_FILE,
  lockFolder,
  makeFolder,
  removeTemporaries,
} from '@octavo/store';

/** Where runs lie unless `--out` says otherwise. */
const RUNS = 'runs';

export const RUN_FILE = 'run.json';

export const isRun = (folder: string): boolean => existsSync(join(folder, RUN_FILE));

/** What a killed process may have left in a folder that it had just begun to write in. */
const isLeftover = (name: string): boolean => name === LOCK_FILE || isTemporary(name);

/** A folder without anything that is anybody’s. */
export const isFree = (folder: string): boolean =>
  statSync(folder).isDirectory() && readdirSync(folder).every(isLeftover);

/** Refuses a folder for a new run that holds anything, and leaves it as it is. */
export function checkFree(out: string): void {
  if (isRun(out)) {
    throw new OctavoError(
      `[run] ${out} already holds a run: go on with it by --resume, or choose another --out`,
      { exitCode: 2 },
    );
  }
  if (existsSync(out) && !isFree(out)) {
    throw new OctavoError(
      `[run] ${out}: got something that is not an empty folder, expected a new or an empty one for --out`,
      { exitCode: 2 },
    );
  }
}

/** Makes and locks the folder of a new run: the one given, or a new one named after the run. */
export async function claimFolder(out: string | null, name: string): Promise<FolderLock> {
  if (out !== null) {
    checkFree(out);
    makeRoom(out);
    const lock = lockFolder(out);
    try {
      checkFree(out); // again, since another run may have come and gone
      await removeTemporaries(out);
      return lock;
    } catch (error) {
      lock.release();
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
    if (made) return lockFolder(folder);
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
export function checkHeld(lock: FolderLock): void {
  if (lock.holds()) return;
  throw new OctavoError(
    `[run] ${lock.folder} is no longer the folder that this process writes in: it was moved or deleted, or its ${LOCK_FILE} was; stopped: go on in the folder as it was last written, with --out where it lies now`,
  );
}

/** The folder to resume: the one given, or the newest run. */
export function folderToResume(out: string | null): string {
  if (out !== null) {
    if (isRun(out)) return out;
    throw new OctavoError(
      `[run] nothing to resume: ${out} holds no ${RUN_FILE}; start a run there without --resume`,
      { exitCode: 2 },
    );
  }
  const newest = newestRun();
  if (newest === null) {
    throw new OctavoError(
      `[run] nothing to resume: no run under ${RUNS}/; name one by --out, or start one without --resume`,
      { exitCode: 2 },
    );
  }
  return newest;
}

/** The run under `runs/` that was written to last, or null. */
function newestRun(): string | null {
  if (!existsSync(RUNS)) return null;
  const runs = readdirSync(RUNS)
    .map((name) => join(RUNS, name))
    .filter(isRun)
    .map((folder) => ({ folder, time: lastWritten(folder) }));
  runs.sort((a, b) => b.time - a.time);
  return runs[0]?.folder ?? null;
}

function lastWritten(folder: string): number {
  const paths = [RUN_FILE, 'steps.arrow', 'checkpoints'].map((name) => join(folder, name));
  return Math.max(...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
