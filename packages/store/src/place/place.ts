/** @file Files wherever they lie: each function takes an address, and the driver of its kind of place does it. */
import { badFile } from '../file-error.ts';
import { isRemote } from './address.ts';
import { copyFile } from './copy.ts';
import type { AtomicFile, Driver, ReadableFile, Seen } from './driver.ts';
import { localDriver } from './local.ts';

async function driverOf(address: string): Promise<Driver> {
  return isRemote(address) ? (await import('./s3/driver.ts')).s3Driver : localDriver;
}

/** What is at an address, links followed; null: nothing. */
export const look = async (address: string): Promise<Seen | null> => (await driverOf(address)).look(address);

/** Names in a folder, sorted; none where it is missing. */
export const listNames = async (folder: string): Promise<string[]> =>
  (await (await driverOf(folder)).list(folder)).sort();

/** Opens a plain file; throws an `OctavoError` if that cannot be done. */
export const openReadable = async (address: string): Promise<ReadableFile> =>
  (await driverOf(address)).open(address);

/**
 * Starts a file that appears under its address only when it is complete. Every failure is an `OctavoError`; call `abort`
 * after one.
 */
export const createAtomically = async (address: string): Promise<AtomicFile> =>
  (await driverOf(address)).create(address);

/** Removes a file; harmless where there is none. */
export const removeFile = async (address: string): Promise<void> => (await driverOf(address)).remove(address);

/** Gives a file another name in the same place. */
export const moveFile = async (from: string, to: string): Promise<void> =>
  (await driverOf(from)).move(from, to);

/** Copies a file, from whichever place to whichever; it appears when it is whole. */
export const copyTo = async (from: string, to: string): Promise<void> =>
  copyFile([await driverOf(from), from], [await driverOf(to), to]);

/** Removes what killed processes left half written in a folder; what living ones write stays. Returns how many. */
export const removeTemporaries = async (folder: string): Promise<number> =>
  (await driverOf(folder)).sweep(folder);

/** What `build` makes of the file; where that fails the file is closed. */
export async function openAs<T>(address: string, build: (file: ReadableFile) => Promise<T>): Promise<T> {
  const file = await openReadable(address);
  try {
    return await build(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** All of a file of at most `largest` bytes. */
export async function readWhole(address: string, largest = 2 ** 31): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openReadable(address);
  try {
    if (file.size > largest)
      throw badFile(`[store] ${address} is too large: got ${file.size} bytes, expected at most ${largest}`);
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Writes through `produce` and commits; on any failure nothing is left behind and an earlier file stays as it was. */
export async function writeAtomically(
  address: string,
  produce: (write: AtomicFile['write']) => Promise<void>,
): Promise<void> {
  const file = await createAtomically(address);
  try {
    await produce(file.write);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Writes bytes, or a string as UTF-8, so that the address holds either all of it or what it held before. */
export async function writeFileAtomically(address: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await writeAtomically(address, (write) => write([bytes]));
}
