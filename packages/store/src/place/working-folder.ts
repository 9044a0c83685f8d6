/** @file Where the files of a run lie that grow while it goes on: in its own folder, or, where that keeps whole files only, in a copy. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { LOCK_FILE } from '../lock.ts';
import { isTemporary } from '../write-atomically.ts';
import { isRemote, within } from './address.ts';
import { copyTo, listNames, look } from './place.ts';

/** A run's folder as its writer sees it. */
export interface WorkingFolder {
  /** The address that people name. */
  readonly place: string;
  /** A folder of this machine with all files but checkpoints: the place itself, where it is one. */
  readonly local: string;
  /** Brings the place what has changed in `local`, each file as a whole. */
  publish(): Promise<void>;
  /** `local` is to stay, since it has what the place does not take. */
  keep(): void;
  /** Ends it, after what the place still lacks is brought there. */
  close(): Promise<void>;
}

/** Not copied: each checkpoint is written to the place itself. */
const CHECKPOINTS = 'checkpoints';

/** Opens the folder of a run. What a bucket has of it comes into a new temporary folder. */
export async function openWorkingFolder(place: string): Promise<WorkingFolder> {
  const nothing = async (): Promise<void> => {};
  if (!isRemote(place)) return { place, local: place, publish: nothing, keep: () => {}, close: nothing };
  const local = await mkdtemp(join(tmpdir(), 'octavo-run-'));
  /** Of each file, when it was changed and how long it was when the place got it. */
  const published = new Map<string, string>();
  let kept = false;
  for (const name of await filesIn(place)) {
    const path = join(local, ...name);
    await copyTo(within(place, ...name), path);
    published.set(path, await stateOf(path));
  }
  const publish = async (): Promise<void> => {
    for (const name of await filesIn(local)) {
      const path = join(local, ...name);
      const state = await stateOf(path);
      if (published.get(path) === state) continue;
      await copyTo(path, within(place, ...name));
      published.set(path, state);
    }
  };
  return {
    place,
    local,
    publish,
    keep: () => {
      kept = true;
    },
    async close() {
      if (kept) return;
      await publish().catch((cause: unknown) => {
        if (!OctavoError.is(cause)) throw cause;
        throw new OctavoError(`${cause.message}; what ${place} lacks is in ${local}`, { cause });
      });
      await rm(local, { recursive: true, force: true });
    },
  };
}

/** Names of the files in a folder and in those within it, each as the names that lead there. */
async function filesIn(folder: string): Promise<string[][]> {
  const found: string[][] = [];
  for (const name of await listNames(folder)) {
    if (name === CHECKPOINTS || name === LOCK_FILE || isTemporary(name)) continue;
    const path = within(folder, name);
    if ((await look(path))?.kind === 'folder')
      for (const inside of await filesIn(path)) found.push([name, ...inside]);
    else found.push([name]);
  }
  return found;
}

async function stateOf(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path);
  return `${mtimeMs} ${size}`;
}
