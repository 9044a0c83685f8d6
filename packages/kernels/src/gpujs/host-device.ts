/** @file The gpu.js devices that run on the host, `gpu:cpu` and `gpu:webasm`: tensors are arrays, `run` runs at once. */
import type { Device } from '../device.ts';
import type { Tensor } from '../tensor.ts';
import { elements } from '../tensor.ts';
import { checkOut, checkRegion, checkValues, createMeter, memoryOf } from './checks.ts';
import { createHostKernel } from './host-kernel.ts';
import { loadGpuJs } from './library.ts';
import { createPlanner } from './planner.ts';

/** `gpu:cpu` computes in JavaScript doubles, `gpu:webasm` in float32 on one thread. */
export async function createHostDevice(mode: 'cpu' | 'webasm'): Promise<Device> {
  const { GPU } = await loadGpuJs();
  const gpu = new GPU({ mode });
  const name = `gpu:${mode}`;
  const planner = createPlanner((recipe) => createHostKernel(gpu, mode, recipe));
  const memories = new Map<Tensor, Float32Array>();
  const scratch = new Map<number, Float32Array[]>();
  const meter = createMeter();

  function borrow(length: number): Float32Array {
    const array = scratch.get(length)?.pop() ?? new Float32Array(length);
    meter.add(array.byteLength);
    return array;
  }

  function giveBack(array: Float32Array): void {
    meter.add(-array.byteLength);
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
    alloc(shape, format) {
      const tensor: Tensor = { shape, format, device };
      const memory = new Float32Array(elements(shape));
      memories.set(tensor, memory);
      meter.add(memory.byteLength);
      return tensor;
    },
    free(tensor) {
      meter.add(-memoryOf(memories, tensor, name).byteLength);
      memories.delete(tensor);
    },
    write(tensor, values) {
      memoryOf(memories, tensor, name).set(checkValues(tensor, values));
    },
    run(operator, attributes, inputs, out) {
      checkOut(operator.name, inputs, out);
      const target = memoryOf(memories, out, name);
      const sources = inputs.map((input) => memoryOf(memories, input, name));
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
    copy(to, from, region) {
      const { from: start, to: position, length } = checkRegion(to, from, region);
      const source = memoryOf(memories, from, name);
      memoryOf(memories, to, name).set(source.subarray(start, start + length), position);
    },
    flush: () => Promise.resolve(),
    read: async (tensor) => memoryOf(memories, tensor, name).slice(),
    memory: () => meter.read(),
    async destroy() {
      for (const kernel of planner.kernels.values()) kernel.destroy();
      meter.add(-meter.read().live);
      memories.clear();
      scratch.clear();
    },
  };
  return device;
}
