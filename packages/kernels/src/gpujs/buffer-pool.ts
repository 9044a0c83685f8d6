/**
 * @file GPU memory kept by size. Commands run in the order in which they are recorded, so a freed buffer may serve the
 * next tensor at once; the free buffer with the lowest number goes first, so that equal steps meet equal buffers.
 */
import { OctavoError } from '@octavo/formats';
import type { GpuBuffer, GpuDevice } from './webgpu-types.ts';
import { usage } from './webgpu-types.ts';

export interface Resident {
  readonly buffer: GpuBuffer;
  readonly id: number;
  /** Number of the last batch of commands that uses it. */
  lastUse: number;
}

export interface BufferPool {
  acquire(bytes: number): Resident;
  release(resident: Resident): void;
  destroy(): void;
}

/** Steps of an eighth of a power of two, at least 256 bytes: at most one part in eight is waste. */
export function sizeClass(bytes: number): number {
  if (bytes <= 2048) return Math.max(256, Math.ceil(bytes / 256) * 256);
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** A pool of storage buffers; `onFailure` hears when the device has no memory left. */
export function createBufferPool(device: GpuDevice, onFailure: (message: string) => void): BufferPool {
  const free = new Map<number, Resident[]>();
  const all: Resident[] = [];
  const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);

  function create(size: number): Resident {
    device.pushErrorScope('out-of-memory');
    const buffer = device.createBuffer({
      size,
      usage: usage.storage | usage.copySource | usage.copyDestination,
    });
    device.popErrorScope().then(
      (error) => error && onFailure(`the GPU has no ${size} bytes left: ${error.message}`),
      () => undefined,
    );
    const resident: Resident = { buffer, id: all.length, lastUse: 0 };
    all.push(resident);
    return resident;
  }

  return {
    acquire(bytes) {
      if (bytes > limit) {
        throw new OctavoError(
          `[kernels] a tensor is too large for this GPU: got ${bytes} bytes, expected at most ${limit}; split it`,
        );
      }
      const size = Math.min(sizeClass(bytes), Math.floor(limit / 4) * 4);
      return free.get(size)?.pop() ?? create(size);
    },
    release(resident) {
      const size = resident.buffer.size;
      const list = free.get(size) ?? [];
      free.set(size, list); // highest number first
      let position = list.length;
      while (position > 0 && list[position - 1]!.id < resident.id) position--;
      list.splice(position, 0, resident);
    },
    destroy() {
      for (const { buffer } of all) buffer.destroy();
      all.length = 0;
      free.clear();
    },
  };
}
