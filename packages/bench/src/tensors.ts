/** @file Tensors with something in them. */
import { type Format, FP32 } from '@octavo/formats';
import { cast, type Device, elements, type Scope, type Shape, type Tensor } from '@octavo/kernels';

/** More than any side of a matrix: one scale for all of it. */
export const WHOLE = 2 ** 30;
export const wholeBlock = { blockRows: WHOLE, blockColumns: WHOLE } as const;

/** Numbers spread evenly over ±`spread`, the same every time (the generator of Numerical Recipes, 2^32). */
export function noise(length: number, spread = 1): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * spread;
  });
}

/** A tensor of noise in any format. */
export function noisy(device: Device, scope: Scope, shape: Shape, format: Format, spread = 1): Tensor {
  const out = scope.alloc(shape, format);
  if (format === FP32) {
    device.write(out, noise(elements(shape), spread));
    return out;
  }
  const exact = device.alloc(shape, FP32);
  device.write(exact, noise(elements(shape), spread));
  const how = { ...wholeBlock, rounding: 'nearest-even', overflow: 'saturate', stream: 0 } as const;
  device.run(cast, how, [exact, filled(device, scope, [1, 1], 1)], [out]);
  device.free(exact);
  return out;
}

/** A float32 tensor of one number, e.g. scales. */
export function filled(device: Device, scope: Scope, shape: Shape, value: number): Tensor {
  const out = scope.alloc(shape, FP32);
  device.write(out, new Float32Array(elements(shape)).fill(value));
  return out;
}

/** Bytes that a tensor takes where formats are stored as they are. */
export const bytesOf = (tensor: Tensor): number =>
  elements(tensor.shape) * (tensor.format.bits <= 8 ? 1 : tensor.format.bits / 8);
