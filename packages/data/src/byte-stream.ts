/** @file A file's bytes as a stream, unpacked where it is gzip or Zstandard. */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { OctavoError } from '@octavo/formats';
import { kindOf, type Packing } from './binary-files.ts';
import type { FoundFile } from './find-files.ts';
import { badInput } from './text-file.ts';
import { loadZstandard } from './zstandard.ts';

/** A name without the ending of a packed file. */
export const unpackedName = (path: string): string => path.replace(/\.(gz|zst)$/i, '');

/**
 * Chunks of the file as they are asked for, however large it is. Throws an `OctavoError` (exit code 2) where it is damaged or
 * cut off, and where what is packed is no text.
 */
export async function* byteStream(
  { path, name }: FoundFile,
  packing: Packing | null,
): AsyncGenerator<Uint8Array> {
  if (packing === null) return yield* createReadStream(path, { highWaterMark: 2 ** 20 });
  let first = true;
  try {
    for await (const chunk of packing === 'gzip' ? gunzip(path) : unpackZstandard(path)) {
      if (chunk.length === 0) continue;
      const kind = first ? kindOf(chunk, `what is packed in ${name}`) : 'text';
      if (kind !== 'text')
        throw badInput(`what is packed in ${name} is ${kind}: expected text or JSONL: unpack it first`);
      first = false;
      yield chunk;
    }
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw badInput(`${name} is damaged or cut off: got ${why}, expected a whole ${packing} file`, cause);
  }
}

async function* gunzip(path: string): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: 2 ** 18 });
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  try {
    yield* source.pipe(unpacked);
  } finally {
    source.destroy(); // what cannot be unpacked would stay open
  }
}

async function* unpackZstandard(path: string): AsyncGenerator<Uint8Array> {
  const unpack = await loadZstandard();
  yield* unpack(chunksOf(path));
}

/** The file as it is, read where it is asked for. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.alloc(2 ** 17);
      const length = readSync(file, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** All of it, `largest` bytes at most. */
export async function gather(
  stream: AsyncIterable<Uint8Array>,
  largest: number,
  tooLong: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > largest) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
