/** @file Choosing a gpu.js device by backend. */
import { OctavoError } from '@octavo/formats';
import type { Device } from '../device.ts';
import { checkDevice } from '../self-check.ts';
import { createHostDevice } from './host-device.ts';
import { createWebGpuDevice } from './webgpu-device.ts';

export type GpuBackend = 'webgpu' | 'webasm' | 'cpu';

export interface GpuDeviceOptions {
  /** `auto` takes WebGPU if a GPU answers, else WebAssembly. Default `auto`. */
  readonly backend?: GpuBackend | 'auto';
  /** Also take a WebGPU adapter that computes on the CPU, for tests. Default false. */
  readonly allowSoftware?: boolean;
}

/**
 * A device that runs the operators' gpu.js kernels, named `gpu:webgpu`, `gpu:webasm` or `gpu:cpu` after the backend
 * that really runs them.
 *
 * On all of them a tensor of any format is float32 memory that holds the format's values: gpu.js has no 8-bit buffers.
 *
 * @throws OctavoError if the backend asked for does not work here, or computes other numbers than the reference; and
 * (exit code 2) if gpu.js, or in Node `webgpu` for `webgpu`, is not installed: both are optional packages.
 */
export async function createGpuDevice(options: GpuDeviceOptions = {}): Promise<Device> {
  const { backend = 'auto', allowSoftware = false } = options;
  switch (backend) {
    case 'cpu':
    case 'webasm':
      return trusted(await createHostDevice(backend));
    case 'webgpu':
      return trusted(await createWebGpuDevice(allowSoftware));
    case 'auto':
      try {
        return await trusted(await createWebGpuDevice(allowSoftware));
      } catch (error) {
        if (!OctavoError.is(error)) throw error;
        return trusted(await createHostDevice('webasm'));
      }
    default:
      throw new OctavoError(
        `[kernels] unknown gpu.js backend: got ${String(backend)}, expected webgpu, webasm, cpu or auto`,
        { exitCode: 2 },
      );
  }
}

/** The device, once it has computed what the reference computes. */
async function trusted(device: Device): Promise<Device> {
  try {
    await checkDevice(device);
    return device;
  } catch (error) {
    await device.destroy();
    throw error;
  }
}
