/** @file Devices by their names. */
import { OctavoError } from '@octavo/formats';
import { createGpuDevice, createReferenceDevice, type Device } from '@octavo/kernels';
import { createSimdDevice } from '@octavo/simd';

export const deviceNames = [
  'auto',
  'simd',
  'gpu',
  'gpu:webgpu',
  'gpu:webasm',
  'gpu:cpu',
  'reference',
] as const;

export interface OpenOptions {
  /** Threads of `simd`; null: as many as the machine runs at once, at most 4. */
  readonly threads?: number | null;
  /** A library of the machine for the products of `simd`: `off` (the default), `auto`, `onednn`, `blas`, or a path. */
  readonly library?: string;
  /** Take a GPU adapter that computes on the CPU (a software renderer) for a GPU; default false. */
  readonly allowSoftware?: boolean;
}

/** The device of a name that leaves no choice. */
export async function openDevice(name: string, options: OpenOptions): Promise<Device> {
  const { threads = null, library = 'off', allowSoftware = false } = options;
  switch (name) {
    case 'simd':
      return createSimdDevice({ library, ...(threads === null ? {} : { threads }) });
    case 'gpu:webgpu':
      return createGpuDevice({ backend: 'webgpu', allowSoftware });
    case 'gpu:webasm':
      return createGpuDevice({ backend: 'webasm' });
    case 'gpu:cpu':
      return createGpuDevice({ backend: 'cpu' });
    case 'reference':
      return createReferenceDevice();
    default:
      throw new OctavoError(
        `[trainer] unknown device: got "${name}", expected one of ${deviceNames.join(', ')}`,
        { exitCode: 2 },
      );
  }
}
