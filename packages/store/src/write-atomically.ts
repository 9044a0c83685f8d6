/** @file Files that are either wholly there or not there at all: temporary name, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './file-error.ts';
import { makeFolder } from './make-folder.ts';
import type { AtomicFile } from './place/driver.ts';

const TEMPORARY = /^\..+\.(\d+)\.[0-9a-f]{12}\.octavo-tmp$/;

/** A name beside `path` that nothing else has and that `removeTemporaries` knows. */
export const temporaryPath = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.octavo-tmp`);

/**
 * Starts a file that appears under `path` only when it is complete. The folder is made if it is missing.
 * Every failure is an `OctavoError`; call `abort` after one.
 */
export async function createLocal(path: string): Promise<AtomicFile> {
  const folder = dirname(path);
  const temporary = temporaryPath(path);
  let handle: FileHandle | undefined;
  const attempt = (action: () => Promise<void>): Promise<void> =>
    action().catch((error: unknown) => {
      throw fileError('write', path, error);
    });
  await attempt(async () => {
    makeFolder(folder);
    handle = await open(temporary, 'wx');
  });
  const close = async (): Promise<void> => {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  };
  return {
    path,
    write: (pieces) =>
      attempt(async () => {
        if (handle === undefined) throw new Error('it was written to after its end');
        await writeAll(handle, pieces);
      }),
    commit: () =>
      attempt(async () => {
        await handle?.sync();
        await close();
        await rename(temporary, path);
        await syncFolder(folder);
      }),
    async abort() {
      await close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
    },
  };
}

/** Whether a file of this name is one that a killed process may have left half written. */
export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

/**
 * Removes temporary files that killed processes left in `folder`; those of living processes stay. Returns their number.
 * A file older than this process is not its own, though it has its number: in a container every run has the same.
 */
export async function removeLocalTemporaries(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = TEMPORARY.exec(name)?.[1];
    if (owner === undefined) continue;
    const path = join(folder, name);
    const ours = Number(owner) === process.pid;
    if (ours ? (await changedAt(path)) >= started : isAlive(Number(owner))) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

/** When this process began, in milliseconds; a second earlier, since file systems round. */
const started = Date.now() - 1000 * process.uptime() - 1000;

const changedAt = async (path: string): Promise<number> =>
  (await stat(path).catch(() => ({ mtimeMs: started }))).mtimeMs;

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces.filter((piece) => piece.byteLength > 0);
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left);
    let done = 0;
    while (done < left.length && bytesWritten >= left[done]!.byteLength) {
      bytesWritten -= left[done]!.byteLength;
      done += 1;
    }
    left = left.slice(done);
    if (bytesWritten > 0) left[0] = left[0]!.subarray(bytesWritten);
  }
}

/** Flushes a folder's list of names to disk. */
export async function syncFolder(folder: string): Promise<void> {
  // Some systems (Windows) cannot open a folder; there the rename alone has to do.
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}

/** Whether a process of this machine has the number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
