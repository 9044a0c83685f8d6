/** @file Checks that every gpu.js device makes before it touches memory. */
import { OctavoError } from '@octavo/formats';
import type { CopyRegion } from '../device.ts';
import type { Tensor } from '../tensor.ts';
import { elements } from '../tensor.ts';

/** The memory of a live tensor of this device. */
export function memoryOf<Memory>(
  memories: ReadonlyMap<Tensor, Memory>,
  tensor: Tensor,
  device: string,
): Memory {
  const memory = memories.get(tensor);
  if (memory === undefined) {
    throw new OctavoError(
      `[kernels] ${device} holds no memory for a tensor of shape [${tensor.shape}]: it was freed, or it is a tensor of ${tensor.device.name}`,
    );
  }
  return memory;
}

/** A copy's region with its defaults filled in, inside both tensors. */
export function checkRegion(to: Tensor, from: Tensor, region: CopyRegion = {}): Required<CopyRegion> {
  const start = region.from ?? 0;
  const target = region.to ?? 0;
  const length = region.length ?? elements(from.shape) - start;
  const ok =
    [start, target, length].every((n) => Number.isInteger(n) && n >= 0) &&
    start + length <= elements(from.shape) &&
    target + length <= elements(to.shape);
  if (!ok) {
    throw new OctavoError(
      `[kernels] copy does not fit: got ${length} elements from ${start} of [${from.shape}] to ${target} of [${to.shape}]`,
    );
  }
  if (to.format.name !== from.format.name) {
    throw new OctavoError(
      `[kernels] copy between formats: got ${from.format.name} to ${to.format.name}, expected one format`,
    );
  }
  return { from: start, to: target, length };
}

/** `values` as the float32 array that a tensor stores. */
export function checkValues(tensor: Tensor, values: ArrayLike<number>): Float32Array {
  if (values.length !== elements(tensor.shape)) {
    throw new OctavoError(
      `[kernels] write: got ${values.length} values, expected ${elements(tensor.shape)} for shape [${tensor.shape}]`,
    );
  }
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** Throws if `out` is one of `inputs`. */
export function checkOut(operator: string, inputs: readonly Tensor[], out: Tensor): void {
  if (inputs.includes(out)) {
    throw new OctavoError(`[kernels] ${operator}: out is one of the inputs; allocate another tensor`);
  }
}

/** Live and peak bytes. */
export function createMeter(): {
  readonly add: (bytes: number) => void;
  readonly read: () => { readonly live: number; readonly peak: number };
} {
  let live = 0;
  let peak = 0;
  return {
    add(bytes) {
      live += bytes;
      peak = Math.max(peak, live);
    },
    read: () => ({ live, peak }),
  };
}
