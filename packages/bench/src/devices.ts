/** @file The devices that a benchmark compares: one thread, all threads, and all threads with the machine's BLAS. */
import type { Device } from '@octavo/kernels';
import { createSimdDevice } from '@octavo/simd';

export interface BenchDevice {
  /** In JSON keys. */
  readonly key: string;
  readonly label: string;
  /** False where a BLAS computes the products. */
  readonly plain: boolean;
  readonly device: Device;
}

/** WebAssembly and nothing else. */
export const createPlainDevice = (threads: number): Promise<Device> => create(threads, 'off');

/** With the machine's BLAS; null where none is found. */
export async function createBlasDevice(threads: number): Promise<Device | null> {
  const device = await create(threads, 'auto');
  const plain = await create(threads, 'off');
  await plain.destroy();
  if (device.description !== plain.description) return device; // it names its library
  await device.destroy();
  return null;
}

const create = (threads: number, blas: 'off' | 'auto'): Promise<Device> =>
  createSimdDevice({ threads, library: blas });

/** One thread, `threads`, and those with a BLAS if there is one. */
export async function createDevices(threads: number): Promise<BenchDevice[]> {
  const devices: BenchDevice[] = [];
  for (const count of threads === 1 ? [1] : [1, threads]) {
    const label = count === 1 ? '1 thread' : `${count} threads`;
    devices.push({ key: `t${count}`, label, plain: true, device: await createPlainDevice(count) });
  }
  const blas = await createBlasDevice(threads);
  if (blas) {
    const label = `${devices.at(-1)!.label} + BLAS`;
    devices.push({ key: `t${threads}_blas`, label, plain: false, device: blas });
  }
  return devices;
}

export async function destroyDevices(devices: readonly BenchDevice[]): Promise<void> {
  for (const { device } of devices) await device.destroy();
}
