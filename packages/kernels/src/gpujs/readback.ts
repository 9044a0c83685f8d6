/** @file Buffers through which values come back from a GPU, kept for the next read. */
import { sizeClass } from './buffer-pool.ts';
import type { GpuBuffer, GpuDevice } from './webgpu-types.ts';
import { mapModeRead, usage } from './webgpu-types.ts';

export interface Readback {
  acquire(bytes: number): GpuBuffer;
  /** Waits for the buffer's submitted work, copies its values and keeps the buffer for later. */
  take(buffer: GpuBuffer, bytes: number): Promise<Float32Array>;
  destroy(): void;
}

export function createReadback(device: GpuDevice): Readback {
  const free = new Map<number, GpuBuffer[]>();
  const all = new Set<GpuBuffer>();
  return {
    acquire(bytes) {
      const size = sizeClass(bytes);
      const kept = free.get(size)?.pop();
      if (kept) return kept;
      const buffer = device.createBuffer({ size, usage: usage.mapRead | usage.copyDestination });
      all.add(buffer);
      return buffer;
    },
    async take(buffer, bytes) {
      await buffer.mapAsync(mapModeRead, 0, bytes);
      const values = new Float32Array(buffer.getMappedRange(0, bytes).slice(0));
      buffer.unmap();
      const list = free.get(buffer.size);
      if (list) list.push(buffer);
      else free.set(buffer.size, [buffer]);
      return values;
    },
    destroy() {
      for (const buffer of all) buffer.destroy();
      all.clear();
      free.clear();
    },
  };
}
