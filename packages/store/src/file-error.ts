/** @file Turns what the operating system reports into one line that says what to do. */
import { OctavoError } from '@octavo/formats';

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist: check the path',
  EACCES: 'permission denied: check who may read and write there',
  EPERM: 'permission denied: check who may read and write there',
  EROFS: 'the file system is read-only: choose another folder',
  ENOSPC: 'no space left on the disk: free some and run again (earlier files are untouched)',
  EDQUOT: 'the disk quota is used up: free some and run again (earlier files are untouched)',
  EFBIG: 'the file would exceed the size limit: raise it and run again (earlier files are untouched)',
  EISDIR: 'it is a folder: give a file',
  ENOTDIR: 'a part of the path is not a folder: check the path',
  EEXIST: 'it already exists: choose another name',
  ENAMETOOLONG: 'the name is too long: choose a shorter one',
  ELOOP: 'its links lead in a circle: check them',
  EMFILE: 'too many files are open: close some',
};

/** What the caller named wrongly, and not a failure of the machine. */
const INPUT = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/** A file from outside that is not what it should be: bad input, exit code 2. */
export const badFile = (message: string, cause?: unknown): OctavoError =>
  new OctavoError(message, { cause, exitCode: 2 });

/** Runs what writes under `path`; whatever it throws becomes a `fileError`. */
export function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError('write', path, error);
  }
}

/** `[store] cannot ACTION PATH: why`, keeping the cause; an `OctavoError` passes as it is. */
export function fileError(action: 'read' | 'write', path: string, error: unknown): OctavoError {
  if (OctavoError.is(error)) return error;
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
  const text = error instanceof Error ? error.message : String(error);
  const why = code !== undefined && code in causes ? `${causes[code]} (${code})` : text.split('\n')[0];
  return new OctavoError(`[store] cannot ${action} ${path}: ${why}`, {
    cause: error,
    exitCode: action === 'read' && INPUT.has(code ?? '') ? 2 : 1,
  });
}

/** A file, or what a store gives of it, that ends too early. */
export const cutOff = (path: string, wanted: number, size: number): OctavoError =>
  badFile(`[store] ${path} is cut off: got ${size} bytes, expected at least ${wanted}`);
