/** @file The device `gpu:webgpu`: gpu.js's compiled kernels over resident buffers, one submission a flush. */
import { OctavoError } from '@octavo/formats';
import type { Device } from '../device.ts';
import { checkedOut, checkRegion, checkValues, createInventory, newTensor } from '../device-checks.ts';
import { isFused, runParts } from '../fused.ts';
import { elements } from '../tensor.ts';
import { describeAdapter, isSoftware, requestAdapter } from './adapter.ts';
import type { Resident } from './buffer-pool.ts';
import { createBufferPool } from './buffer-pool.ts';
import { loadGpuJs } from './library.ts';
import { createPlanner } from './planner.ts';
import { createReadback } from './readback.ts';
import { createRecorder } from './webgpu-commands.ts';
import { createGpuKernel } from './webgpu-kernel.ts';

const name = 'gpu:webgpu';

/**
 * A device on the platform's WebGPU adapter. All of them share gpu.js's one `GPUDevice`, which stays when they go.
 *
 * @throws OctavoError where none answers, or only one that computes on the CPU and `allowSoftware` is not set.
 */
export async function createWebGpuDevice(allowSoftware: boolean): Promise<Device> {
  const offered = await requestAdapter();
  if (isSoftware(offered) && !allowSoftware) {
    throw new OctavoError(
      `[kernels] the only WebGPU adapter computes on the CPU: got ${describeAdapter(offered)}, expected a GPU; use the simd device, or set allowSoftware`,
    );
  }
  const { GPU, WebGPUContext } = await loadGpuJs();
  const context = await WebGPUContext.acquire().catch((cause: unknown) => {
    throw new OctavoError(
      `[kernels] WebGPU gives no device: got ${String(cause)}, expected one of ${describeAdapter(offered)}`,
      { cause },
    );
  });
  const { adapter, device: gpuDevice } = context;
  const gpu = new GPU({ mode: 'webgpu' });
  const error = (message: string): OctavoError => new OctavoError(`[kernels] ${name}: ${message}`);
  const recorder = createRecorder(gpuDevice, error);
  const pool = createBufferPool(gpuDevice, (message) => recorder.fail(error(message)));
  const readback = createReadback(gpuDevice);
  const planner = createPlanner((spec) => createGpuKernel(gpu, gpuDevice, spec));
  const bytesOf = (length: number): number => length * 4;
  const tensors = createInventory<Resident>(name, ({ shape }) => bytesOf(elements(shape)));
  let destroyed = false;

  function usable(): void {
    if (destroyed) throw error('used after destroy()');
    if (context.isLost)
      recorder.fail(error('the GPU was lost (driver reset or memory exhausted); start again'));
    recorder.check();
  }

  const device: Device = {
    name,
    description: `gpu.js kernels on WebGPU: ${describeAdapter(adapter)}`,
    alloc(shape, format) {
      usable();
      return tensors.add(newTensor(shape, format), pool.acquire(bytesOf(elements(shape))));
    },
    free: (tensor) => pool.release(tensors.remove(tensor)),
    write(tensor, values) {
      usable();
      recorder.write(tensors.of(tensor), checkValues(tensor, values));
    },
    run(operator, attributes, inputs, outs) {
      usable();
      if (isFused(operator)) return runParts(device, operator, attributes, inputs, outs);
      const out = checkedOut(operator, attributes, inputs, outs);
      const target = tensors.of(out);
      const given = inputs.map(tensors.of);
      const steps = planner.plan(operator, attributes, inputs, out);
      const results: Resident[] = [];
      let temporary = 0;
      steps.forEach(({ kernel, sources, numbers, length }, index) => {
        const last = index === steps.length - 1;
        const result = last ? target : pool.acquire(bytesOf(length));
        if (!last) temporary += bytesOf(length);
        const from = sources.map((source) => (source.from === 'input' ? given : results)[source.index]!);
        recorder.record({ kind: 'launch', kernel, inputs: from, numbers, out: result }, [...from, result]);
        results.push(result);
      });
      for (const result of results) if (result !== target) pool.release(result);
      tensors.use(temporary);
      tensors.use(-temporary);
    },
    copy(to, from, region) {
      usable();
      const { from: start, to: position, length } = checkRegion(to, from, region);
      const source = tensors.of(from);
      const target = tensors.of(to);
      const bytes = bytesOf(length);
      if (bytes === 0) return;
      const move = (a: Resident, aByte: number, b: Resident, bByte: number): void =>
        recorder.record(
          { kind: 'copy', from: a.buffer, fromByte: aByte, to: b.buffer, toByte: bByte, bytes },
          [a, b],
        );
      if (source !== target) {
        move(source, bytesOf(start), target, bytesOf(position));
        return;
      }
      const between = pool.acquire(bytes); // WebGPU does not copy within one buffer
      move(source, bytesOf(start), between, 0);
      move(between, 0, target, bytesOf(position));
      pool.release(between);
    },
    async flush() {
      usable();
      await recorder.flush();
    },
    async read(tensor) {
      usable();
      const length = elements(tensor.shape);
      const source = tensors.of(tensor);
      if (length === 0) return new Float32Array(0);
      const staging = readback.acquire(bytesOf(length));
      recorder.record(
        { kind: 'copy', from: source.buffer, fromByte: 0, to: staging, toByte: 0, bytes: bytesOf(length) },
        [source],
      );
      await recorder.flush();
      const values = await readback.take(staging, bytesOf(length));
      usable();
      return values;
    },
    memory: tensors.memory,
    async destroy() {
      if (destroyed) return;
      await recorder.flush().catch(() => undefined);
      destroyed = true;
      for (const kernel of planner.kernels.values()) {
        await kernel.ready.catch(() => undefined);
        kernel.destroy();
      }
      readback.destroy();
      pool.destroy();
      tensors.clear();
    },
  };
  return device;
}
