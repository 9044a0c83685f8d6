/** @file Files that are no text, by the bytes they begin with, and what to do about each. */
import { open } from 'node:fs/promises';
import { badInput } from './text-file.ts';

const KINDS: readonly (readonly [name: string, begins: string, advice: string])[] = [
  ['an Arrow file', 'ARROW1', 'write its text column as JSONL first'],
  ['a gzip file', '\x1f\x8b', 'unpack it first (gunzip)'],
  ['a Zstandard file', '\x28\xb5\x2f\xfd', 'unpack it first (zstd -d)'],
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

/** Throws an `OctavoError` (exit code 2) where a file begins as one that is no text. */
export async function refuseBinary(path: string, name: string): Promise<void> {
  const start = await beginningOf(path, name);
  for (const [kind, begins, advice] of KINDS)
    if (start.startsWith(begins)) throw badInput(`${name} is ${kind}: expected text or JSONL: ${advice}`);
}

/** Which kind of file that can be read though it is no text. */
export async function kindOf(path: string, name: string): Promise<'Parquet' | null> {
  return (await beginningOf(path, name)).startsWith('PAR1') ? 'Parquet' : null;
}

/** Its first bytes, a character each. */
async function beginningOf(path: string, name: string): Promise<string> {
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw badInput(`text: got ${name}, which cannot be read (${cause.code})`, cause);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
