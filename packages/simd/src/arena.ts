/**
 * @file The one linear memory: grown when needed, never shrunk, given out in classes of size.
 *
 * Sizes are rounded up to a class (eight to a power of two, 64 bytes at least), and a freed piece waits for the next
 * of its class, so that a training step allocates nothing new after the first. When the 4 GiB of wasm32 are used up,
 * neighbouring free pieces are joined before the arena gives up.
 */
import { OctavoError } from '@octavo/formats';
import type { WasmMemory } from './web-assembly.ts';

/** Bytes of a page of WebAssembly's memory. */
export const PAGE = 65536;
const MOST_PAGES = 65536;
/** Bytes behind the last piece that kernels may read (never write) beyond a tensor. */
const SLACK = 1024;

export interface Arena {
  /** The address of `bytes` free bytes, a multiple of 64. */
  take(bytes: number): number;
  give(address: number, bytes: number): void;
  /** Bytes of memory in use or waiting for reuse. */
  readonly extent: () => number;
}

/** The size that a request for `bytes` takes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 512) return Math.max(64, Math.ceil(bytes / 64) * 64);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

export function createArena(memory: WasmMemory, start: number): Arena {
  const free = new Map<number, number[]>();
  let end = start;
  let capacity = memory.buffer.byteLength;

  const reserve = (size: number): boolean => {
    const needed = end + size + SLACK - capacity;
    if (needed <= 0) return true;
    const pages = capacity / PAGE;
    const least = Math.ceil(needed / PAGE);
    if (pages + least > MOST_PAGES) return false;
    const wanted = Math.min(Math.max(least, 256, pages >> 2), MOST_PAGES - pages);
    for (const more of [wanted, least]) {
      try {
        memory.grow(more);
        capacity += more * PAGE;
        return true;
      } catch {
        // the engine or the machine has less: try the least
      }
    }
    return false;
  };

  /** Joins neighbouring free pieces and cuts `size` bytes out of the smallest that fits. */
  const salvage = (size: number): number => {
    const pieces = [...free].flatMap(([bytes, list]) => list.map((address) => ({ address, bytes })));
    pieces.sort((a, b) => a.address - b.address);
    free.clear();
    const joined: { address: number; bytes: number }[] = [];
    for (const piece of pieces) {
      const last = joined.at(-1);
      if (last && last.address + last.bytes === piece.address) last.bytes += piece.bytes;
      else joined.push(piece);
    }
    const last = joined.at(-1);
    if (last && last.address + last.bytes === end) {
      end = last.address;
      joined.pop();
    }
    const fitting = joined.filter((piece) => piece.bytes >= size).sort((a, b) => a.bytes - b.bytes)[0];
    let found = -1;
    for (const piece of joined) {
      let { address, bytes } = piece;
      if (piece === fitting) {
        found = address;
        address += size;
        bytes -= size;
      }
      if (bytes > 0) put(address, bytes);
    }
    return found;
  };

  const put = (address: number, size: number): void => {
    const list = free.get(size);
    if (list) list.push(address);
    else free.set(size, [address]);
  };

  const bump = (size: number): number => {
    if (!reserve(size)) return -1;
    end += size;
    return end - size;
  };

  return {
    take(bytes) {
      const size = sizeClass(bytes);
      const waiting = free.get(size)?.pop();
      if (waiting !== undefined) return waiting;
      let address = bump(size);
      if (address < 0) address = salvage(size);
      if (address < 0) address = bump(size);
      if (address >= 0) return address;
      throw new OctavoError(
        `[simd] memory: got a request for ${bytes} bytes with ${end} of ${capacity} in use, expected at most 4 GiB in all and less where the machine has less (a smaller batch, sequence or model needs less)`,
      );
    },
    give: (address, bytes) => put(address, sizeClass(bytes)),
    extent: () => end,
  };
}
