/** @file Files from outside that are read whole: only regular ones, up to a size, as UTF-8. */
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { OctavoError } from '@octavo/formats';
import { isRemote, readWhole } from '@octavo/store';

/** Bytes of the largest text that is read whole: JavaScript's strings end not far beyond. */
export const LARGEST = 2 ** 28;

export const badInput = (what: string, cause?: unknown): OctavoError =>
  new OctavoError(`[data] ${what}`, { exitCode: 2, cause });

/** What is at a path, links followed. Throws where it cannot be seen; `what` says what it was to be. */
export async function statOf(path: string, what: string): Promise<Stats> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'which does not exist' : `which cannot be read (${cause.code})`;
    throw badInput(`${what}: got ${path}, ${why}`, cause);
  });
}

/** Throws unless it is a regular file: a pipe or a device may have no end. */
export function checkRegular(stats: Stats, path: string, what: string): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? 'folder'
    : stats.isFIFO()
      ? 'pipe'
      : stats.isSocket()
        ? 'socket'
        : 'device';
  throw badInput(`${what}: got ${path}, a ${kind}, expected a regular file`);
}

/**
 * The text of a file, without the byte order mark that it may begin with. Throws an `OctavoError` (exit code 2) where it
 * is missing, no regular file, larger than `largest` (2²⁸ bytes), or not UTF-8.
 */
export async function readTextFile(
  path: string,
  what: string,
  { largest = LARGEST, advice = '' }: { readonly largest?: number; readonly advice?: string } = {},
): Promise<string> {
  if (isRemote(path)) return decodeText(await readWhole(path, largest), `${what} ${path}`);
  const stats = await statOf(path, what);
  checkRegular(stats, path, what);
  if (stats.size > largest)
    throw badInput(`${what}: got ${path} of ${stats.size} bytes, expected at most ${largest}${advice}`);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw badInput(`${what}: got ${path}, which cannot be read (${cause.code})`, cause);
  });
  return decodeText(bytes, `${what} ${path}`);
}

/** UTF-8 without its byte order mark. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badInput(`${where} is not UTF-8 text: convert it first (iconv -t UTF-8)`, cause);
  }
}
