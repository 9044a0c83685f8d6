/** @file A folder that is either wholly there or not there at all. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { badFile } from './file-error.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { makeFolder } from './make-folder.ts';
import { isRemote } from './place/address.ts';
import { isAlive, syncFolder } from './write-atomically.ts';

/** What may stand in a folder that is replaced. */
export interface Replaceable {
  /** In words: `prepared data`. */
  readonly what: string;
  /** Whether all in `folder` is such. */
  is(folder: string): Promise<boolean>;
  /** Whether it may go. */
  readonly overwrite: boolean;
}

/**
 * Lets `fill` work in a temporary folder beside `folder`, then gives it that name. A folder with other content is
 * never replaced, one with what is `replaceable` only where it says so. On any failure what was there before stays.
 */
export async function writeFolder<T>(
  folder: string,
  replaceable: Replaceable,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  if (isRemote(folder))
    throw badFile(
      `[store] ${folder}: got an address in a bucket, expected a folder of this machine, which can be made as a whole: copy it there afterwards`,
    );
  const target = resolve(folder);
  await sweep(target);
  await checkFree(target, folder, replaceable);
  const temporary = `${stemOf(target)}.octavo-part`;
  try {
    makeFolder(temporary);
    const result = await fill(temporary);
    await place(temporary, target, folder, replaceable);
    return result;
  } catch (error) {
    await remove(temporary);
    throw aboutFolder(folder, error);
  }
}

/** Work on a folder that outlives its process. */
export interface Unfinished {
  /** Becomes the folder; what is in it when the work begins, an earlier process has left. */
  readonly content: string;
  /** A file of one's own about how far the work is. */
  readonly state: string;
}

/**
 * `writeFolder` where starting again would cost much: what `fill` has done stays in a folder beside `folder` when the process
 * ends or `keeps` an error, and the next call goes on with it, unless it is to `restart`. One process does so at a time; another
 * is refused (`lockFolder`).
 */
export async function continueFolder<T>(
  folder: string,
  replaceable: Replaceable,
  { restart, keeps }: { readonly restart: boolean; readonly keeps: (error: unknown) => boolean },
  fill: (unfinished: Unfinished) => Promise<T>,
): Promise<T> {
  const target = resolve(folder);
  await sweep(target);
  const work = join(dirname(target), `.${basename(target)}.octavo-unfinished`);
  const [content, state] = [join(work, 'content'), join(work, 'state.json')];
  let lock: FolderLock | undefined;
  let filling = false;
  try {
    makeFolder(work);
    lock = lockFolder(work);
    // Without content, a process was killed behind its last rename.
    if (restart || !existsSync(content))
      for (const path of [content, state]) await rm(path, { recursive: true, force: true });
    await checkFree(target, folder, replaceable);
    makeFolder(content);
    filling = true;
    const result = await fill({ content, state });
    await place(content, target, folder, replaceable);
    await remove(work);
    return result;
  } catch (error) {
    if (lock !== undefined && !(filling ? keeps(error) : existsSync(content))) await remove(work);
    throw aboutFolder(folder, error);
  } finally {
    lock?.release();
  }
}

/** A name beside `target` that nothing else has and that `sweep` knows. */
const stemOf = (target: string): string =>
  join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}`);

const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);

/** Gives a complete folder its name. */
async function place(from: string, target: string, folder: string, replaceable: Replaceable): Promise<void> {
  if (await checkFree(target, folder, replaceable)) {
    // Two renames: a kill between them leaves the old data under its temporary name, where the next sweep finds it.
    const old = `${stemOf(target)}.old.octavo-part`;
    await rename(target, old);
    await rename(from, target);
    await rm(old, { recursive: true, force: true });
  } else {
    // An empty folder may stand there; not every system renames over one.
    await rmdir(target).catch(() => undefined);
    await rename(from, target);
  }
  await syncFolder(dirname(target));
}

/** Only the system's errors are about the folder; another (no memory, say) speaks for itself. */
function aboutFolder(folder: string, error: unknown): unknown {
  if (OctavoError.is(error) || !(error instanceof Error && 'code' in error)) return error;
  return new OctavoError(`[store] ${folder} cannot be written: ${error.message}`, { cause: error });
}

/** Whether something stands there that may go; throws if something does that may not. */
async function checkFree(
  target: string,
  folder: string,
  { what, is, overwrite }: Replaceable,
): Promise<boolean> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new OctavoError(`[store] ${folder} cannot be written: got ${error.code}, expected a folder`, {
      cause: error,
    });
  });
  if (entries.length === 0) return false;
  if (!(await is(target)))
    throw badFile(`[store] ${folder} holds other files, expected a new or empty folder: name another`);
  if (!overwrite)
    throw badFile(
      `[store] ${folder} holds ${what} already, expected a new folder: name another, or allow overwriting (--overwrite)`,
    );
  return true;
}

/** Removes what killed processes left half done beside `target`; what one had set aside comes back if nothing else is there. */
async function sweep(target: string): Promise<void> {
  const stem = `.${basename(target)}.`;
  for (const name of await readdir(dirname(target)).catch((): string[] => [])) {
    if (!name.startsWith(stem)) continue;
    const [, owner, old] = /^(\d+)\.[0-9a-f]{12}(\.old)?\.octavo-part$/.exec(name.slice(stem.length)) ?? [];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const left = join(dirname(target), name);
    if (old !== undefined && !existsSync(target)) await rename(left, target).catch(() => undefined);
    else await rm(left, { recursive: true, force: true }).catch(() => undefined);
  }
}
