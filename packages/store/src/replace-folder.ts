/** @file A folder that is either wholly there or not there at all. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { badFile } from './file-error.ts';
import { makeFolder } from './make-folder.ts';
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
  const target = resolve(folder);
  await sweep(target);
  await checkFree(target, folder, replaceable);
  const stem = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}`);
  const temporary = `${stem}.octavo-part`;
  try {
    makeFolder(temporary);
    const result = await fill(temporary);
    if (await checkFree(target, folder, replaceable)) {
      // Two renames: a kill between them leaves the old data under its temporary name, where the next sweep finds it.
      await rename(target, `${stem}.old.octavo-part`);
      await rename(temporary, target);
      await rm(`${stem}.old.octavo-part`, { recursive: true, force: true });
    } else {
      // An empty folder may stand there; not every system renames over one.
      await rmdir(target).catch(() => undefined);
      await rename(temporary, target);
    }
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    // Only the system's errors are about the folder; another (no memory, say) speaks for itself.
    if (OctavoError.is(error) || !(error instanceof Error && 'code' in error)) throw error;
    throw new OctavoError(`[store] ${folder} cannot be written: ${error.message}`, { cause: error });
  }
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
