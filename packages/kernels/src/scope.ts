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
  /** Owns a tensor of nobody's from now on, as if it had been allocated here. Returns it. */
  adopt(tensor: Tensor): Tensor;
  /** One more holder of a tensor, beside whoever allocated it. Returns it. */
  hold(tensor: Tensor): Tensor;
  /** One holder less: the tensor is freed before the scope is, once it has none. Tensors of others are left alone. */
  drop(tensor: Tensor): void;
  /** Frees everything allocated here and not kept. The scope is empty then and may be used again. */
  release(): void;
}

/** An empty scope on a device. */
export function createScope(device: Device): Scope {
  const owned = new Map<Tensor, number>(); // their holders
  return {
    device,
    alloc(shape, format) {
      const tensor = device.alloc(shape, format);
      owned.set(tensor, 1);
      return tensor;
    },
    keep(tensor) {
      owned.delete(tensor);
      return tensor;
    },
    adopt(tensor) {
      owned.set(tensor, 1);
      return tensor;
    },
    hold(tensor) {
      const holders = owned.get(tensor);
      if (holders !== undefined) owned.set(tensor, holders + 1);
      return tensor;
    },
    drop(tensor) {
      const holders = owned.get(tensor);
      if (holders === undefined) return;
      if (holders > 1) owned.set(tensor, holders - 1);
      else {
        owned.delete(tensor);
        device.free(tensor);
      }
    },
    release() {
      for (const tensor of owned.keys()) device.free(tensor);
      owned.clear();
    },
  };
}
