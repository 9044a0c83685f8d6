/** @file Scopes: tensors that live together and are freed together, since no garbage collector sees device memory. */
import type { Format } from '@octavo/formats';
import type { Device } from './device.ts';
import type { Shape, Tensor } from './tensor.ts';

export interface Scope {
  readonly device: Device;
  /** A tensor that `release` frees unless it is kept. */
  alloc(shape: Shape, format: Format): Tensor;
  /** Takes a tensor out of the scope: from now on the caller frees it. Returns it. */
  keep(tensor: Tensor): Tensor;
  /** Frees everything allocated here and not kept. The scope is empty then and may be used again. */
  release(): void;
}

/** An empty scope on a device. */
export function createScope(device: Device): Scope {
  const owned = new Set<Tensor>();
  return {
    device,
    alloc(shape, format) {
      const tensor = device.alloc(shape, format);
      owned.add(tensor);
      return tensor;
    },
    keep(tensor) {
      owned.delete(tensor);
      return tensor;
    },
    release() {
      for (const tensor of owned) device.free(tensor);
      owned.clear();
    },
  };
}
