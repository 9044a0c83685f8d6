/** @file The devices that a benchmark compares: one thread, all threads, and all threads with each library of the machine. */
import { OctavoError } from '@octavo/formats';
import type { Device } from '@octavo/kernels';
import { createSimdDevice } from '@octavo/simd';

export interface BenchDevice {
  /** In JSON keys. */
  readonly key: string;
  readonly label: string;
  /** False where a library computes the products. */
  readonly plain: boolean;
  readonly device: Device;
}

/** WebAssembly and nothing else. */
export const createPlainDevice = (threads: number): Promise<Device> => create(threads, 'off');

/** Libraries of a machine that products may go to. */
export const productLibraries = { onednn: 'oneDNN', blas: 'BLAS' } as const;
export type ProductLibrary = keyof typeof productLibraries;

/** With a library of the machine; null where none of that kind is found. */
export async function createLibraryDevice(threads: number, library: ProductLibrary): Promise<Device | null> {
  try {
    return await create(threads, library);
  } catch (error) {
    if (OctavoError.is(error)) return null;
    throw error;
  }
}

/** With the best library that is found, or none. */
export const createBestDevice = (threads: number): Promise<Device> => create(threads, 'auto');

const create = (threads: number, library: 'off' | 'auto' | ProductLibrary): Promise<Device> =>
  createSimdDevice({ threads, library });

/** One thread, `threads`, and those with each library that is there. */
export async function createDevices(threads: number): Promise<BenchDevice[]> {
  const devices: BenchDevice[] = [];
  for (const count of threads === 1 ? [1] : [1, threads]) {
    const label = count === 1 ? '1 thread' : `${count} threads`;
    devices.push({ key: `t${count}`, label, plain: true, device: await createPlainDevice(count) });
  }
  const { label } = devices.at(-1)!;
  for (const library of Object.keys(productLibraries) as ProductLibrary[]) {
    const device = await createLibraryDevice(threads, library);
    const key = `t${threads}_${library}`;
    if (device) devices.push({ key, label: `${label} + ${productLibraries[library]}`, plain: false, device });
  }
  return devices;
}

export async function destroyDevices(devices: readonly BenchDevice[]): Promise<void> {
  for (const { device } of devices) await device.destroy();
}
