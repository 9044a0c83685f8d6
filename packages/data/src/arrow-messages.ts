/** @file Where the messages of an Arrow file or stream lie; each is checked before the library sees it. */
import type { FileHandle } from 'node:fs/promises';
import { checkFooter, checkMessage } from './arrow-check.ts';
import { LARGEST } from './text-file.ts';

const CONTINUES = 0xffffffff;

export async function isArrowFile(handle: FileHandle): Promise<boolean> {
  return Buffer.from(await read(handle, 0, 6)).toString('latin1') === 'ARROW1';
}

/** Walks the messages that a file's footer names (some writers have nothing but these right). Throws where one is damaged. */
export async function checkArrowFile(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const end = await read(handle, Math.max(0, size - 10), 10);
  const length = end.length < 10 ? 0 : new DataView(end.buffer).getInt32(0, true);
  if (Buffer.from(end.subarray(4)).toString('latin1') !== 'ARROW1') throw new Error('a file that is cut off');
  if (!(length > 0 && length <= LARGEST && length + 18 <= size)) throw new Error('no footer');
  for (const block of checkFooter(await read(handle, size - 10 - length, length), size)) {
    const bytes = await read(handle, block.at, block.length);
    const view = new DataView(bytes.buffer);
    const prefix = view.getUint32(0, true) === CONTINUES ? 8 : 4;
    // The library goes by what the message says of its own length, and reads an empty one for ever.
    const own = view.getInt32(prefix - 4, true);
    if (!(own > 0 && prefix + own <= bytes.length)) throw new Error('a batch of another size');
    if (checkMessage(bytes.subarray(prefix, prefix + own), block.kind) !== block.body)
      throw new Error('a batch of another size');
  }
}

/**
 * Schema, dictionaries and batches of a stream, one after another (Arrow columnar format 1.5, "IPC streaming format").
 * Throws where one is cut off or damaged.
 */
export async function* arrowMessages(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const { size } = await handle.stat();
  for (let at = 0; ; ) {
    const prefix = await read(handle, at, 8);
    if (prefix.length === 0 && at > 0) return;
    if (prefix.length < 8) throw new Error('a message that is cut off');
    const view = new DataView(prefix.buffer);
    const length = view.getInt32(4, true);
    if (view.getUint32(0, true) !== CONTINUES) throw new Error('bytes that are no message');
    if (length === 0 && at > 0) return;
    if (!(length > 0 && length <= LARGEST && at + 8 + length <= size))
      throw new Error('a message that is cut off');
    const metadata = await read(handle, at + 8, length);
    const body = checkMessage(metadata);
    if (at + 8 + length + body > size) throw new Error('a batch that is cut off');
    yield prefix;
    yield metadata;
    if (body > 0) yield await read(handle, at + 8 + length, body);
    at += 8 + length + body;
  }
}

async function read(handle: FileHandle, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}
