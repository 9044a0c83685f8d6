/** @file One writer a folder: a lock of the operating system, which ends with the process that holds it, however that ends. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { writing } from './file-error.ts';
import { isAlive } from './write-atomically.ts';

/** In the folder, while it is locked; after a kill it stays, and means nothing. */
export const LOCK_FILE = '.octavo-lock';
/** The byte that is locked, far behind the text: on Windows a locked byte cannot be read. */
const LOCKED_BYTE = 2 ** 30;

export interface FolderLock {
  readonly folder: string;
  /** Whether `folder` still is what was locked: false once it is moved or deleted, or its lock file is. */
  holds(): boolean;
  release(): void;
}

/** What the lock file says of the process that holds it: for people, and where the system has no locks. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/**
 * Locks a folder that exists. Throws at once an `OctavoError` (exit code 2) that names process, host and time where
 * another process, or another caller of this one, holds it. A process that was killed holds nothing.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE);
  for (;;) {
    const descriptor = writing(path, () => openSync(path, 'a+'));
    if (!tryLock(descriptor, path)) {
      const holder = holderOf(path);
      closeSync(descriptor);
      throw busy(folder, path, holder);
    }
    // Its holder may have removed it between our opening and locking it.
    if (isStill(descriptor, path)) return locked(folder, path, descriptor);
    closeSync(descriptor);
  }
}

function locked(folder: string, path: string, descriptor: number): FolderLock {
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  try {
    writing(path, () => {
      ftruncateSync(descriptor, 0);
      writeSync(descriptor, `${JSON.stringify(holder)}\n`);
    });
  } catch (error) {
    closeSync(descriptor); // and with it the lock
    throw error;
  }
  let open = true;
  const holds = (): boolean => open && isStill(descriptor, path);
  return {
    folder,
    holds,
    release() {
      if (!open) return;
      try {
        if (holds()) unlinkSync(path); // first, so that nobody locks a file that is about to go
      } catch {
        // A lock file that stays is harmless.
      }
      open = false;
      closeSync(descriptor);
    },
  };
}

interface Native {
  tryLock(descriptor: number, offset: number, length: number): boolean;
}

function tryLock(descriptor: number, path: string): boolean {
  try {
    const native = createRequire(import.meta.url)('fs-native-extensions') as Native;
    return native.tryLock(descriptor, LOCKED_BYTE, 1);
  } catch {
    // There is no build for this system, or a file system without locks.
  }
  // All that is left is what the file says: not safe from two processes that begin in the same moment.
  const holder = holderOf(path);
  return holder === null || (holder.host === hostname() && !isAlive(holder.pid));
}

function holderOf(path: string): Holder | null {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    if (typeof pid === 'number' && typeof host === 'string' && typeof since === 'string')
      return { pid, host, since };
  } catch {
    // Empty, or being written.
  }
  return null;
}

export function busy(folder: string, path: string, holder: Holder | null): OctavoError {
  const plain = (text: string): string => text.replace(/[^\w.:-]/g, '?').slice(0, 80);
  const who =
    holder === null
      ? 'another process'
      : `process ${holder.pid} on ${plain(holder.host)} since ${plain(holder.since)}`;
  const gone =
    holder === null || holder.host === hostname() ? '' : `; if that machine has stopped, delete ${path}`;
  return new OctavoError(
    `[store] ${folder} is in use: ${who} writes there, expected one writer at a time; wait for its end or stop it, or choose another folder${gone}`,
    { exitCode: 2 },
  );
}

function isStill(descriptor: number, path: string): boolean {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false });
  const ours = fstatSync(descriptor, { bigint: true });
  return now !== undefined && now.ino === ours.ino && now.dev === ours.dev;
}
