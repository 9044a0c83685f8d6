/** @file Files of this machine. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { fileError } from '../file-error.ts';
import { openLocal } from '../readable-file.ts';
import { createLocal, removeLocalTemporaries } from '../write-atomically.ts';
import type { Driver } from './driver.ts';

const failing =
  (action: 'read' | 'write', path: string) =>
  (error: unknown): never => {
    throw fileError(action, path, error);
  };

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

export const localDriver: Driver = {
  async look(path) {
    try {
      const found = await stat(path);
      return {
        kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other',
        size: found.size,
      };
    } catch (error) {
      return isMissing(error) ? null : failing('read', path)(error);
    }
  },
  open: openLocal,
  create: createLocal,
  async list(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? []
        : failing('read', folder)(error);
    }
  },
  remove: (path) => rm(path, { force: true }).catch(failing('write', path)),
  move: (from, to) => rename(from, to).catch(failing('write', to)),
  sweep: removeLocalTemporaries,
};
