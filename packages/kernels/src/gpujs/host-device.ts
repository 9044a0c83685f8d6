/** @file The gpu.js devices that run on the host, `gpu:cpu` and `gpu:webasm`: tensors are arrays, `run` runs at once. */

import { createArrays } from '../array-memory.ts';
import type { Device } from '../device.ts';
import { checkedOut } from '../device-checks.ts';
import { isFused, runParts } from '../fused.ts';
import { createHostKernel } from './host-kernel.ts';
import { loadGpuJs } from './library.ts';
import { createPlanner } from './planner.ts';

/** `gpu:cpu` computes in JavaScript doubles, `gpu:webasm` in float32 on one thread. */
export async function createHostDevice(mode: 'cpu' | 'webasm'): Promise<Device> {
  const { GPU } = await loadGpuJs();
  const gpu = new GPU({ mode });
  const name = `gpu:${mode}`;
  const planner = createPlanner((spec) => createHostKernel(gpu, mode, spec));
  const { tensors, access } = createArrays(name);
  const scratch = new Map<number, Float32Array[]>();

  function borrow(length: number): Float32Array {
    const array = scratch.get(length)?.pop() ?? new Float32Array(length);
    tensors.use(array.byteLength);
    return array;
  }

  function giveBack(array: Float32Array): void {
    tensors.use(-array.byteLength);
    const list = scratch.get(array.length);
    if (list) list.push(array);
    else scratch.set(array.length, [array]);
  }

  const device: Device = {
    name,
    description:
      mode === 'cpu'
        ? 'gpu.js kernels as JavaScript functions, one thread'
        : 'gpu.js kernels as WebAssembly SIMD, one thread',
    ...access,
    run(operator, attributes, inputs, outs) {
      if (isFused(operator)) return runParts(device, operator, attributes, inputs, outs);
      const out = checkedOut(operator, attributes, inputs, outs);
      const target = tensors.of(out);
      const sources = inputs.map(tensors.of);
      const steps = planner.plan(operator, attributes, inputs, out);
      const results: Float32Array[] = [];
      steps.forEach(({ kernel, sources: from, numbers, length }, index) => {
        const result = index === steps.length - 1 ? target : borrow(length);
        kernel.run(
          from.map((source) => (source.from === 'input' ? sources : results)[source.index]!),
          numbers,
          result,
        );
        results.push(result);
      });
      for (const result of results) if (result !== target) giveBack(result);
    },
    async destroy() {
      for (const kernel of planner.kernels.values()) kernel.destroy();
      tensors.clear();
      scratch.clear();
    },
  };
  return device;
}
