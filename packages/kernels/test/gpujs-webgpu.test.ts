import { FP32 } from '@octavo/formats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Device } from '../src/device.ts';
import { loadGpuJs, type WebGpuContext } from '../src/gpujs/library.ts';
import { elements } from '../src/tensor.ts';
import { backends, type Kernel, madeUp, tensor } from './gpujs-support.ts';

const { missing, create } = (await backends()).find(({ name }) => name === 'webgpu')!;

const increment = madeUp('increment', ({ out }) => [
  {
    name: 'increment',
    kernel: function (this: Kernel, x: number[]) {
      return x[this.thread.x]! + 1;
    },
    constants: {},
    cells: elements(out),
    arguments: ['in0'],
  },
]);

describe.skipIf(missing !== '')('a repeated step on gpu:webgpu', () => {
  let device: Device;
  let context: WebGpuContext;
  beforeAll(async () => {
    device = await create();
    context = await (await loadGpuJs()).WebGPUContext.acquire();
  });
  afterAll(() => device.destroy());

  /** One step as a trainer does it: temporaries allocated and freed in one order, the state swapped. */
  function step(state: ReturnType<Device['alloc']>): ReturnType<Device['alloc']> {
    const small = device.alloc([16], FP32);
    device.write(small, new Float32Array(16).fill(1));
    const a = device.alloc([64], FP32);
    const b = device.alloc([64], FP32);
    device.run(increment, {}, [state], [a]);
    device.run(increment, {}, [a], [b]);
    device.free(a);
    const next = device.alloc([64], FP32);
    device.run(increment, {}, [b], [next]);
    device.free(b);
    device.free(small);
    device.free(state);
    return next;
  }

  it('makes no buffer, pipeline or bind group after the first steps, and submits once', async () => {
    const made = (
      ['createBuffer', 'createBindGroup', 'createComputePipeline', 'createShaderModule'] as const
    ).map((name) => vi.spyOn(context.device as never, name));
    const submit = vi.spyOn(context.device.queue, 'submit');
    let state = tensor(device, new Float32Array(64));
    for (let i = 0; i < 4; i++) {
      state = step(state);
      await device.read(state);
    }
    for (const spy of [...made, submit]) spy.mockClear();
    for (let i = 0; i < 6; i++) {
      state = step(state);
      await device.flush();
    }
    expect(submit).toHaveBeenCalledTimes(6);
    for (const spy of made) expect(spy).not.toHaveBeenCalled();
    expect([...(await device.read(state))]).toEqual(Array(64).fill(30));
    for (const spy of [...made, submit]) spy.mockRestore();
    device.free(state);
  });

  it('refuses a tensor beyond the limits of the adapter before it is allocated', () => {
    const limit = context.device.limits.maxStorageBufferBindingSize;
    expect(() => device.alloc([Math.floor(limit / 4) + 1], FP32)).toThrow(/too large for this GPU/);
  });

  it('says so once the GPU is lost, instead of giving zeros', async () => {
    const own = await create();
    const x = tensor(own, [1, 2, 3]);
    await own.flush();
    const { WebGPUContext } = await loadGpuJs();
    await WebGPUContext.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(own.read(x)).rejects.toThrow(/lost/);
    await own.destroy();
    const fresh = await create();
    expect([...(await fresh.read(tensor(fresh, [1, 2, 3])))]).toEqual([1, 2, 3]);
    await fresh.destroy();
  });
});
