/** @file Reading pieces of a file of this machine at known places, never past its end. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { badFile, cutOff, fileError } from './file-error.ts';
import type { ReadableFile } from './place/driver.ts';

/** Opens `path`; throws an `OctavoError` if that cannot be done or it is not a plain file. */
export async function openLocal(path: string): Promise<ReadableFile> {
  const { handle, size } = await openPlain(path).catch((error: unknown) => {
    throw fileError('read', path, error);
  });
  const readInto = async (target: Uint8Array, position: number): Promise<void> => {
    const end = position + target.byteLength;
    if (!(position >= 0) || end > size) throw cutOff(path, end, size);
    let at = 0;
    try {
      while (at < target.byteLength) {
        const { bytesRead } = await handle.read(target, at, target.byteLength - at, position + at);
        if (bytesRead === 0) throw cutOff(path, end, position + at);
        at += bytesRead;
      }
    } catch (error) {
      throw fileError('read', path, error);
    }
  };
  return {
    path,
    size,
    readInto,
    async read(position, length) {
      if (!(position >= 0) || !(length >= 0) || position + length > size)
        throw cutOff(path, position + length, size);
      const target = new Uint8Array(length);
      await readInto(target, position);
      return target;
    },
    close: () => handle.close(),
  };
}

async function openPlain(path: string): Promise<{ handle: FileHandle; size: number }> {
  // Looked at first: opening a named pipe would wait for whoever writes to it.
  if (!(await stat(path)).isFile())
    throw badFile(`[store] cannot read ${path}: it is not a plain file: give the path of a file`);
  const handle = await open(path, 'r');
  try {
    return { handle, size: (await handle.stat()).size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
