/** @file A folder that is either wholly there or not there at all. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { makeFolder } from '@octavo/store';
import { isPrepared } from './is-prepared.ts';
import { badInput } from './text-file.ts';

/**
 * Lets `fill` work in a temporary folder beside `folder`, then gives it that name. A folder with other content is
 * never replaced, one with prepared data only under `overwrite`. On any failure what was there before stays.
 */
export async function writeFolder<T>(
  folder: string,
  overwrite: boolean,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  const target = resolve(folder);
  await sweep(target);
  await checkFree(target, folder, overwrite);
  const stem = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}`);
  const temporary = `${stem}.octavo-part`;
  try {
    makeFolder(temporary);
    const result = await fill(temporary);
    if (await checkFree(target, folder, overwrite)) {
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
    throw new OctavoError(`[data] ${folder} cannot be written: ${error.message}`, { cause: error });
  }
}

/** Whether prepared data stands there and may go; throws if something stands there that may not. */
async function checkFree(target: string, folder: string, overwrite: boolean): Promise<boolean> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new OctavoError(`[data] ${folder} cannot be written: got ${error.code}, expected a folder`, {
      cause: error,
    });
  });
  if (entries.length === 0) return false;
  if (!(await isPrepared(target)))
    throw badInput(`${folder} holds other files, expected a new or empty folder: name another`);
  if (!overwrite)
    throw badInput(
      `${folder} holds prepared data already, expected a new folder: name another, or allow overwriting (--overwrite)`,
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}
