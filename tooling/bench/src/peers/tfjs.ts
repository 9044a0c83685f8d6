/**
 * @file TensorFlow.js on its WebAssembly backend. Its threads are switched off in Node (its issue 3830); they work once
 * its worker's script lies in a file. It uses at most half of the processors that it sees.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checked, operands } from '../protocol.ts';
import { claimProcessors } from './browser-worker.ts';
import { load, versionOf } from './load.ts';
import { remember, serve, timeFor } from './serve.ts';

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Core {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  ready(): Promise<void>;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
}

interface Backend {
  setThreadsCount(count: number): void;
  getThreadsCount(): number;
}

/** The bundle's scripts refer to modules by names of its own; a worker that is given one must know them. */
const PREFACE = `URL.createObjectURL = String;
var commonjsGlobal = globalThis;
var [require$$0, require$$1, require$$3, require$$4] = ['fs', 'path', 'perf_hooks', 'os'].map(require);
`;

/** Blobs become files, named by a string that may be sent to a worker. */
function blobsAsFiles(): void {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-'));
  let count = 0;
  const blob = function (parts: string[]): object {
    const file = join(folder, `${count++}.js`);
    writeFileSync(file, PREFACE + parts.join(''));
    return new String(file);
  };
  (globalThis as unknown as Record<string, unknown>).Blob = blob;
  URL.createObjectURL = String as unknown as typeof URL.createObjectURL;
}

const threads = Number(process.argv[2]);
await serve('TensorFlow.js wasm', async () => {
  if (threads > 1) {
    blobsAsFiles();
    claimProcessors(2 * threads);
  }
  const tf = load<Core>('@tensorflow/tfjs-core');
  const backend = load<Backend>('@tensorflow/tfjs-backend-wasm');
  backend.setThreadsCount(threads);
  tf.env().set('WASM_HAS_SIMD_SUPPORT', true);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  await tf.setBackend('wasm');
  await tf.ready();
  if (tf.getBackend() !== 'wasm') throw new Error('its WebAssembly backend did not start');
  const product = remember((size: number) =>
    operands(size).map((values) => tf.tensor2d(values, [size, size])),
  );
  return {
    version: versionOf('@tensorflow/tfjs-backend-wasm'),
    threads: threads > 1 ? backend.getThreadsCount() : 1,
    async answer(request) {
      if (request.task !== 'gemm') return { error: 'it is compared on products only' };
      const [a, b] = await product(request.size);
      const ms = await timeFor(request.leastMs, () => tf.matMul(a!, b!).dispose()); // computes at once
      const out = tf.matMul(a!, b!);
      const values = await out.data();
      out.dispose();
      return { ms, check: checked(request.size).map((i) => values[i]!) };
    },
  };
});
