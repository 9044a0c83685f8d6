/** @file The devices that a benchmark compares: one thread, all threads. */
import type { Device } from '@octavo/kernels';
import { createSimdDevice } from '@octavo/simd';

export interface BenchDevice {
  /** In JSON keys. */
  readonly key: string;
  readonly label: string;
  readonly threads: number;
  readonly device: Device;
}

/** The SIMD device on one thread and on `threads`; the last is the one that ratios speak of. */
export async function createDevices(threads: number): Promise<BenchDevice[]> {
  const counts = threads === 1 ? [1] : [1, threads];
  return Promise.all(
    counts.map(async (count) => ({
      key: `t${count}`,
      label: count === 1 ? '1 thread' : `${count} threads`,
      threads: count,
      device: await createSimdDevice({ threads: count }),
    })),
  );
}

export async function destroyDevices(devices: readonly BenchDevice[]): Promise<void> {
  for (const { device } of devices) await device.destroy();
}
