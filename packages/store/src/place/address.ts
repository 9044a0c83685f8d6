/** @file Addresses of files and folders: paths of this machine, or `s3://bucket/key`. Names in them are joined by these functions, never by `node:path`. */
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoted } from '@octavo/formats';
import { badFile } from '../file-error.ts';

const S3 = 's3://';

/** Whether it lies in a bucket, not in a file system. */
export const isRemote = (address: string): boolean => address.startsWith(S3);

/**
 * The address that a person means: a path as it is, `file:` as the path it stands for, `s3:` without slashes at its end.
 * Throws an `OctavoError` (exit code 2) for another scheme, or a bucket that is not named.
 */
export function addressOf(text: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text) ?? [];
  if (scheme === undefined) return text;
  const expected = 'expected a path, file:///PATH or s3://BUCKET/KEY';
  if (scheme === 's3') {
    const address = text.replace(/\/+$/, '');
    const names = address.slice(S3.length).split('/');
    if (names.every((name) => name !== '' && name !== '.' && name !== '..')) return address;
    throw badFile(`[store] no such address: got ${quoted(text)}, ${expected}`);
  }
  try {
    if (scheme === 'file') return fileURLToPath(text);
  } catch (cause) {
    throw badFile(`[store] no such address: got ${quoted(text)}, ${expected}`, cause);
  }
  throw badFile(`[store] no place of this kind is known: got ${quoted(text)}, ${expected}`);
}

/** What lies under these names in a folder. */
export const within = (folder: string, ...names: readonly string[]): string =>
  isRemote(folder) ? [folder, ...names].join('/') : join(folder, ...names);

/** The folder that it lies in; of a bucket the bucket itself. */
export const parentOf = (address: string): string => {
  if (!isRemote(address)) return dirname(address);
  const end = address.lastIndexOf('/');
  return end < S3.length ? address : address.slice(0, end);
};

/** Its last name. */
export const nameOf = (address: string): string =>
  isRemote(address) ? address.slice(address.lastIndexOf('/') + 1) : basename(resolve(address));

/** The same from every folder; `folder` is where a path counts from. */
export const absolute = (address: string, folder = '.'): string =>
  isRemote(address) ? address : resolve(folder, address);
