/** @file A device whose memory counts what was allocated through it, so that several subjects can share one device. */
import type { Device, Tensor } from '@octavo/kernels';

/** Live and peak bytes are those of the tensors made here, as the device counts them. */
export function metered(device: Device): Device {
  const sizes = new Map<Tensor, number>();
  let live = 0;
  let peak = 0;
  return {
    ...device,
    alloc(shape, format) {
      const before = device.memory().live;
      const tensor = device.alloc(shape, format);
      const bytes = device.memory().live - before;
      sizes.set(tensor, bytes);
      live += bytes;
      peak = Math.max(peak, live);
      return tensor;
    },
    free(tensor) {
      device.free(tensor);
      live -= sizes.get(tensor) ?? 0;
      sizes.delete(tensor);
    },
    memory: () => ({ live, peak }),
  };
}

/** Bytes that such tensors take on the device: those of others like them, allocated and freed. */
export function bytesOn(device: Device, tensors: readonly Tensor[]): number {
  const before = device.memory().live;
  const twins = tensors.map(({ shape, format }) => device.alloc(shape, format));
  const bytes = device.memory().live - before;
  for (const twin of twins) device.free(twin);
  return bytes;
}

/** Only `simd` stores a format in as many bytes as it has; elsewhere the figures would be of something else. */
export const storesRealBytes = ({ name }: Device): boolean => name === 'simd';
