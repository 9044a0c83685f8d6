/** @file Runs in a browser: a chain with a helper from another module, on both devices, its results sent to the test. */
import { BF16, FP32 } from '@octavo/formats';
import { createGpuDevice, type GpuBackend } from '../../src/gpujs/create.ts';
import type { Operator } from '../../src/operator.ts';
import { square } from '../gpujs-helpers.ts';

const squares: Operator = {
  name: 'squares',
  shape: (_, inputs) => inputs[0]!,
  reference: () => undefined,
  passes: ({ out }) => [
    {
      name: 'squares',
      kernel: function (this: { thread: { x: number } }, x: number[]) {
        return square(x[this.thread.x]!);
      },
      functions: [square],
      constants: {},
      cells: out[0]!,
      arguments: ['in0'],
      round: true,
    },
  ],
};

async function run(backend: GpuBackend): Promise<string> {
  try {
    const device = await createGpuDevice({ backend, allowSoftware: true });
    const x = device.alloc([5], FP32);
    const y = device.alloc([5], BF16);
    device.write(x, [1, 2, 3, 4.1, 1e3]);
    device.run(squares, {}, [x], [y]);
    device.write(x, [0, 0, 0, 0, 0]);
    const values = [...(await device.read(y))];
    await device.destroy();
    return `${device.name} ${values.join(' ')}`;
  } catch (error) {
    return String(error);
  }
}

const results = [await run('webgpu'), await run('webasm'), await run('cpu')];
await (globalThis as unknown as { fetch: typeof fetch }).fetch('/result', {
  method: 'POST',
  body: JSON.stringify(results),
});
