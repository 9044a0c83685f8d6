/**
 * @file gpu.js 2.24.1 does not document the fields that the devices build on. If this fails after an upgrade, read
 * the new version's src/backend/{web-gpu,web-assembly}/kernel.js and adapt src/gpujs/{host-kernel,webgpu-kernel}.ts.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { type KernelSettings, loadGpuJs, type WasmKernel, type WebGpuKernel } from '../src/gpujs/library.ts';
import { backends } from './gpujs-support.ts';

const source = 'function (a, n) { return a[this.thread.x] * n + this.constants.table[0]; }';
const settings: KernelSettings = {
  output: [8],
  precision: 'single',
  constants: { table: Float32Array.of(3) },
  constantTypes: { table: 'Array' },
  argumentTypes: ['Array', 'Integer'],
  loopMaxIterations: 10,
  functions: [],
};

const { missing, create } = (await backends()).find(({ name }) => name === 'webgpu')!;

describe('the fields of gpu.js that the devices rely on', () => {
  it('belong to the pinned version', () => {
    const require = createRequire(import.meta.url);
    const { version } = JSON.parse(readFileSync(require.resolve('gpu.js/package.json'), 'utf8')) as {
      version: string;
    };
    expect(version).toBe('2.24.1');
  });

  it('webasm: a built kernel has its module, memory layout and span runner', async () => {
    const { GPU } = await loadGpuJs();
    const { kernel } = new GPU({ mode: 'webasm' }).createKernel(source, settings);
    kernel.build(new Float32Array(8), 2);
    const { constructor: backend, componentCount, _active: entry } = kernel as WasmKernel;
    expect(backend.mode).toBe('webasm'); // not a silent fallback to cpu
    expect(componentCount).toBe(1);
    expect(entry!.cells).toBe(8);
    expect(entry!.layout).toMatchObject({
      arrays: { a: { index: 0, offset: 0 } },
      scalars: { n: { index: 1, offset: 32, type: 'Integer' } },
    });
    entry!.f32.set([1, 2, 3, 4, 5, 6, 7, 8]); // arguments go straight into the module's memory
    entry!.i32[8] = 2;
    expect(backend.dispatchSpans(entry!.run, entry!.runSimd, 8, 8, 0)).toBe('simd');
    const start = entry!.layout.outputOffset / 4;
    expect([...entry!.f32.slice(start, start + 8)]).toEqual([5, 7, 9, 11, 13, 15, 17, 19]);
    kernel.destroy();
  });

  it.skipIf(missing !== '')(
    'webgpu: a built kernel has its pipeline, bind group layout and parameter layout',
    async () => {
      const owner = await create(); // puts WebGPU where gpu.js looks for it
      const { GPU, WebGPUContext } = await loadGpuJs();
      const { kernel: built } = new GPU({ mode: 'webgpu' }).createKernel(source, settings);
      await built.build(new Float32Array(8), 2);
      const kernel = built as WebGpuKernel;
      const context = await WebGPUContext.acquire();
      expect(kernel.constructor.mode).toBe('webgpu');
      expect(kernel.context).toBe(context); // one device for all kernels
      expect(context.isLost).toBe(false);
      expect(kernel.computePipeline).toBeTypeOf('object');
      expect(kernel.bindGroupLayout).toBeTypeOf('object');
      expect(kernel.outputBuffer?.destroy).toBeTypeOf('function'); // ours replaces it
      expect(kernel.paramsLayout).toMatchObject({
        byteLength: 48, // four words of output size, four a tensor, one a number, in multiples of 16
        arrayArgs: [{ index: 0, dimsOffset: 16 }],
        scalarArgs: [{ index: 1, offset: 32, type: 'Integer' }],
      });
      expect(kernel.paramsLayout.bufferConstants).toHaveLength(1); // bound after the output
      expect(kernel._computeDispatch([8, 1, 1])).toEqual({ groups: [1, 1, 1], dispatchWidth: 64 });
      expect(kernel.compiledSource).toMatch(
        /@binding\(1\) var<storage, read> user_a[\s\S]*@binding\(2\) var<storage, read_write> result[\s\S]*@binding\(3\) var<storage, read> constants_table/,
      );
      await owner.destroy();
    },
  );
});
