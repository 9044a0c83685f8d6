/** @file What files are by the bytes they begin with, and what to do about those that cannot be read. */
import { open } from 'node:fs/promises';
import { badInput } from './text-file.ts';

export type Packing = 'gzip' | 'Zstandard';
export type FileKind = 'text' | 'Parquet' | 'Arrow' | Packing;

const READ: readonly (readonly [kind: FileKind, begins: string])[] = [
  ['Parquet', 'PAR1'],
  ['Arrow', 'ARROW1'],
  ['Arrow', '\xff\xff\xff\xff'], // a stream
  ['gzip', '\x1f\x8b'],
  ['Zstandard', '\x28\xb5\x2f\xfd'],
];

const REFUSED: readonly (readonly [name: string, begins: string, advice: string])[] = [
  ['an xz file', '\xfd7zXZ', 'unpack it first (xz -d)'],
  ['a bzip2 file', 'BZh', 'unpack it first (bunzip2)'],
  ['a zip file', 'PK\x03\x04', 'unpack it first (unzip)'],
  ['a 7z file', '7z\xbc\xaf', 'unpack it first'],
  ['a PDF', '%PDF-', 'write its text to a file first (pdftotext)'],
  ['an SQLite database', 'SQLite format 3\0', 'write its text column as JSONL first'],
  ['a numpy array', '\x93NUMPY', 'write its text as JSONL first'],
  ['text in UTF-16', '\xff\xfe', 'convert it first (iconv -f UTF-16 -t UTF-8)'],
  ['text in UTF-16', '\xfe\xff', 'convert it first (iconv -f UTF-16 -t UTF-8)'],
];

/** Throws an `OctavoError` (exit code 2) where it is one that cannot be read; `start` are its first bytes. */
export function kindOf(start: Uint8Array, name: string): FileKind {
  const text = Buffer.from(start.subarray(0, 16)).toString('latin1');
  for (const [kind, begins, advice] of REFUSED)
    if (text.startsWith(begins)) throw badInput(`${name} is ${kind}: expected text or JSONL: ${advice}`);
  return READ.find(([, begins]) => text.startsWith(begins))?.[0] ?? 'text';
}

export async function beginningOf(path: string, name: string): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw badInput(`text: got ${name}, which cannot be read (${cause.code})`, cause);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
