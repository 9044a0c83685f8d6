/** @file What the gpu.js tests share: devices by backend, SwiftShader for WebGPU, made-up operators. */
import { existsSync } from 'node:fs';
import { FP32, OctavoError } from '@octavo/formats';
import type { Device } from '../src/device.ts';
import type { GpuBackend } from '../src/gpujs/create.ts';
import { createGpuDevice } from '../src/gpujs/create.ts';
import type { Attributes, Operator, Pass, Signature } from '../src/operator.ts';
import type { Shape, Tensor } from '../src/tensor.ts';

/** Debian's packages chromium and libvulkan1 bring a WebGPU adapter that computes on the CPU. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
export const expectsWebGpu = existsSync(swiftShader);
if (!process.env.VK_DRIVER_FILES && expectsWebGpu) process.env.VK_DRIVER_FILES = swiftShader;

export interface Backend {
  readonly name: GpuBackend;
  readonly create: () => Promise<Device>;
  /** Why it cannot run here, or the empty string. */
  readonly missing: string;
}

/** All three backends, tried once. */
export async function backends(): Promise<readonly Backend[]> {
  const make = (backend: GpuBackend) => () => createGpuDevice({ backend, allowSoftware: true });
  let missing = '';
  try {
    await (await make('webgpu')()).destroy();
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    missing = (error as Error).message;
  }
  return [
    { name: 'cpu', create: make('cpu'), missing: '' },
    { name: 'webasm', create: make('webasm'), missing: '' },
    { name: 'webgpu', create: make('webgpu'), missing },
  ];
}

/** The `this` of a kernel. */
export interface Kernel {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: Readonly<Record<string, number>>;
}

/** A made-up operator; its result has the shape of the first input unless `shape` says otherwise. */
export const madeUp = <A extends Attributes = Record<string, never>>(
  name: string,
  passes: (signature: Signature<A>) => readonly Pass[],
  shape: (attributes: A, inputs: readonly Shape[]) => Shape = (_, inputs) => inputs[0]!,
): Operator<A> => ({
  name,
  shape,
  passes,
  reference() {
    throw new Error('a made-up operator has no reference');
  },
});

/** A tensor with values. */
export function tensor(
  device: Device,
  values: ArrayLike<number>,
  shape: Shape = [values.length],
  format = FP32,
): Tensor {
  const made = device.alloc(shape, format);
  device.write(made, values);
  return made;
}

/** Deterministic numbers in (-1, 1), exact in float32. */
export function numbers(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 8) / 2 ** 23;
  });
}
