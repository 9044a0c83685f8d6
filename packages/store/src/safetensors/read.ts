/** @file Reading safetensors: the header at once, tensors by seeking. */
import { quoted } from '@octavo/formats';
import { badFile } from '../file-error.ts';
import { openAs } from '../place/place.ts';
import {
  isSafetensorsType,
  type ListedEntry,
  MAX_HEADER,
  type PlacedEntry,
  parseHeader,
  type SafetensorsEntry,
  unknownType,
} from './header.ts';

/** A tensor that was read; `data` begins at the start of memory of its own. */
export interface SafetensorsTensor extends SafetensorsEntry {
  readonly data: Uint8Array<ArrayBuffer>;
}

/** An open safetensors file. */
export interface Safetensors {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their data; a type may be one that is not known, and only that tensor cannot be read. */
  readonly tensors: readonly ListedEntry[];
  has(name: string): boolean;
  /** Reads one tensor. Throws an `OctavoError` where there is none such, or its type is not known. */
  read(name: string): Promise<SafetensorsTensor>;
  /** Bytes `[begin, end)` of a tensor, of whatever type. Throws an `OctavoError` where it has not as many. */
  readRange(name: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens a file and reads its header. Throws an `OctavoError` where it isn't safetensors or its header doesn't add up. */
export async function openSafetensors(path: string): Promise<Safetensors> {
  return openAs(path, async (file) => {
    if (file.size < 8)
      throw badFile(`[store] ${path} is not a safetensors file: got ${file.size} bytes, expected at least 8`);
    const length = Number(new DataView((await file.read(0, 8)).buffer).getBigUint64(0, true));
    if (length < 2 || length > MAX_HEADER || 8 + length > file.size)
      throw badFile(
        `[store] ${path} is not a safetensors file: got a header of ${length} bytes, expected 2 to ${Math.min(MAX_HEADER, file.size - 8)}`,
      );
    const start = 8 + length;
    const { metadata, entries } = parseHeader(path, await file.read(8, length), file.size - start);
    const index = new Map(entries.map((entry) => [entry.name, entry]));
    const entryOf = (name: string): PlacedEntry => {
      const entry = index.get(name);
      if (entry) return entry;
      throw badFile(`[store] ${path} lacks a tensor: got no ${quoted(name)} among ${index.size}`);
    };
    return {
      path,
      metadata,
      tensors: entries.map(({ name, dtype, shape, byteLength }) => ({ name, dtype, shape, byteLength })),
      has: (name) => index.has(name),
      async read(wanted) {
        const entry = entryOf(wanted);
        const { name, dtype, shape, offset, byteLength } = entry;
        if (!isSafetensorsType(dtype)) throw badFile(unknownType(path, entry));
        return { name, dtype, shape, data: await file.read(start + offset, byteLength) };
      },
      async readRange(name, begin, end) {
        const { offset, byteLength } = entryOf(name);
        if (!(begin >= 0 && begin <= end && end <= byteLength))
          throw badFile(
            `[store] ${path}: tensor ${quoted(name)} has no such bytes: got ${begin} to ${end}, expected within ${byteLength}`,
          );
        return file.read(start + offset + begin, end - begin);
      },
      close: () => file.close(),
    };
  });
}

/** Reads a whole file into memory; `refused` lists tensors of a type that is not known. */
export async function readSafetensors(path: string): Promise<{
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly SafetensorsTensor[];
  readonly refused: readonly ListedEntry[];
}> {
  const opened = await openSafetensors(path);
  try {
    const tensors: SafetensorsTensor[] = [];
    const isKnown = ({ dtype }: ListedEntry): boolean => isSafetensorsType(dtype);
    for (const { name } of opened.tensors.filter(isKnown)) tensors.push(await opened.read(name));
    return { metadata: opened.metadata, tensors, refused: opened.tensors.filter((one) => !isKnown(one)) };
  } finally {
    await opened.close();
  }
}
