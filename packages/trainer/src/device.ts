/** @file Which device a run computes on. */
import { OctavoError } from '@octavo/formats';
import { createGpuDevice, createReferenceDevice, type Device } from '@octavo/kernels';
import { createSimdDevice } from '@octavo/simd';
import { gpuAnswers } from './probe-gpu.ts';

export const deviceNames = [
  'auto',
  'simd',
  'gpu',
  'gpu:webgpu',
  'gpu:webasm',
  'gpu:cpu',
  'reference',
] as const;

export interface DeviceOptions {
  /** Threads of `simd`; null: as many as the machine runs at once, at most 4. */
  readonly threads?: number | null;
  /** A BLAS of the machine for the products of `simd`: `off` (the default), `auto`, or the path of a library. */
  readonly blas?: string;
}

/** `auto`: a GPU adapter if one answers, else the SIMD host. The options count for `simd` only. */
export async function createDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  const { threads = null, blas = 'off' } = options;
  const simd = () => createSimdDevice({ blas, ...(threads === null ? {} : { threads }) });
  switch (name) {
    case 'auto':
      return (await tryWebGpu()) ?? simd();
    case 'simd':
      return simd();
    case 'gpu':
      return createGpuDevice({ backend: 'auto' });
    case 'gpu:webgpu':
      return createGpuDevice({ backend: 'webgpu' });
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

async function tryWebGpu(): Promise<Device | null> {
  if (!(await gpuAnswers())) return null;
  try {
    return await createGpuDevice({ backend: 'webgpu' });
  } catch {
    return null; // no adapter: the host it is
  }
}
