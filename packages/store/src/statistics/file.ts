/** @file Bytes of a statistics file on their way to the disk: always a whole new file, which takes the name in one step. */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { temporaryPath } from '../write-atomically.ts';
import type { Source } from './scan.ts';

/**
 * Makes the file under `path` its own first `keep` bytes and `bytes`: in a copy, which then takes the name. Whoever has
 * the old one open keeps it, whoever opens the name finds one or the other; a kill leaves the old one. `durable` brings
 * it to the disk first. Throws where `path` is not as long as `expected`: another program writes to it.
 */
export function replaceTail(
  path: string,
  {
    keep,
    expected,
    durable,
  }: { readonly keep: number; readonly expected: number; readonly durable: boolean },
  bytes: Uint8Array,
): void {
  const temporary = temporaryPath(path);
  try {
    if (expected > 0) {
      checkUntouched(path, expected);
      copyFileSync(path, temporary, constants.COPYFILE_FICLONE); // a reference where the file system has them
    }
    const descriptor = openSync(temporary, expected > 0 ? 'r+' : 'w');
    try {
      writeAt(descriptor, bytes, keep);
      if (keep + bytes.byteLength < expected) ftruncateSync(descriptor, keep + bytes.byteLength);
      if (durable) fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    if (durable) syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Brings what stands under `path` to the disk, name included. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(dirname(path));
}

/** Opens `path` as something to walk, for as long as `use` takes. */
export function withSource<T>(path: string, use: (source: Source) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = statSync(path);
    const read: Source['read'] = (position, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
      for (let at = 0; at < bytes.byteLength; ) {
        const got = readSync(descriptor, bytes, at, bytes.byteLength - at, position + at);
        if (got === 0) return bytes.subarray(0, at);
        at += got;
      }
      return bytes;
    };
    return use({ path, size, read });
  } finally {
    closeSync(descriptor);
  }
}

function checkUntouched(path: string, expected: number): void {
  if (!existsSync(path))
    throw new OctavoError(
      `[store] ${path} is gone: its folder was moved, or it was removed, while it was written: put it back and resume`,
    );
  const { size } = statSync(path);
  if (size !== expected)
    throw new OctavoError(
      `[store] ${path} was changed by another program: got ${size} bytes, expected ${expected}: one process at a time may write it`,
    );
}

function writeAt(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.byteLength; )
    at += writeSync(descriptor, bytes, at, bytes.byteLength - at, position + at);
}

function syncFolder(folder: string): void {
  // Some systems (Windows) cannot open a folder; there the rename alone has to do.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
