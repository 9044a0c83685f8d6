/** @file jax-js on WebAssembly. It starts web workers; Node is given such. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { checked, operands } from '../protocol.ts';
import { provideWorkers } from './browser-worker.ts';
import { peersFolder, versionOf } from './load.ts';
import { remember, serve, timeFor } from './serve.ts';

interface Tensor {
  /** Another reference: operations use up what they are given. */
  readonly ref: Tensor;
  blockUntilReady(): Promise<Tensor>;
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Jax {
  defaultDevice(name: string): unknown;
  readonly numpy: {
    array(values: Float32Array, options: { shape: number[] }): Tensor;
    matmul(a: Tensor, b: Tensor): Tensor;
  };
}

const threads = Number(process.argv[2]);
await serve('jax-js', async () => {
  setFlagsFromString('--experimental-wasm-relaxed-simd'); // it uses multiply-add where the engine has it
  if (threads > 1) provideWorkers(threads);
  const entry = join(peersFolder, 'node_modules/@jax-js/jax/dist/index.js');
  const { numpy, defaultDevice } = (await import(pathToFileURL(entry).href)) as Jax;
  defaultDevice('wasm');
  const product = remember((size: number) =>
    operands(size).map((values) => numpy.array(values, { shape: [size, size] })),
  );
  return {
    version: versionOf('@jax-js/jax'),
    threads,
    async answer(request) {
      if (request.task !== 'gemm') return { error: 'it is compared on products only' };
      const [a, b] = await product(request.size);
      const ms = await timeFor(request.leastMs, async () => {
        const out = await numpy.matmul(a!.ref, b!.ref).blockUntilReady();
        out.dispose();
      });
      const values = await numpy.matmul(a!.ref, b!.ref).data();
      return { ms, check: checked(request.size).map((i) => values[i]!) };
    },
  };
});
