/** @file Threads: workers that run the same kernels on the same memory, in Node and in browsers. */

import { bindersSource } from './library/bind.ts';
import type { Binding } from './library/binding.ts';
import { FAILED, REASON, REASON_BYTES } from './numbers.ts';
import type { WasmMemory, WasmModule } from './web-assembly.ts';

export interface Worker {
  stop(): Promise<void>;
}

/** What a worker runs: it needs nothing but the module and the memory, so bundlers need nothing either. */
const SOURCE = `
const binders = ${bindersSource};
const bind = ({ library, memory, bound }) => {
  try {
    return library ? binders[library.face](require(library.koffi), library, memory.buffer) : () => {};
  } finally {
    if (bound) {
      Atomics.store(bound, 0, 1);
      Atomics.notify(bound, 0);
    }
  }
};
const start = ({ module, memory, thread, library, bound }) => {
  try {
    const product = bind({ library, memory, bound });
    const { exports } = new WebAssembly.Instance(module, { env: { memory, product, seeGrowth: () => memory.grow(0) } });
    exports.work(thread);
  } catch (error) {
    const reason = new TextEncoder().encode('thread ' + thread + ': ' + error).subarray(0, ${REASON_BYTES - 1});
    new Uint8Array(memory.buffer).set(reason, ${REASON});
    Atomics.store(new Int32Array(memory.buffer), ${FAILED / 4}, 1);
    throw error;
  }
};
if (typeof require === 'function') start(require('node:worker_threads').workerData);
else onmessage = ({ data }) => { start(data); close(); };
`;

interface Start {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly thread: number;
  /** The machine's library for products, if the device has one. */
  readonly library: Binding | undefined;
}

/**
 * Zero until a worker has loaded the library: a worker that is ended in the middle of that takes the process with it, for
 * koffi cannot throw there (`napi_throw`). So nobody ends one before, neither `stop` nor the end of the process.
 */
const binding = new Set<Int32Array>();
let watching = false;

/** Milliseconds that a worker may take to load. */
const PATIENCE = 10_000;

function awaitBound(bound: Int32Array): void {
  Atomics.wait(bound, 0, 0, PATIENCE);
  binding.delete(bound);
}

function watchBinding(bound: Int32Array): void {
  if (!watching) process.once('exit', () => binding.forEach(awaitBound));
  watching = true;
  binding.add(bound);
}

/** Starts one worker; it joins in when it is up. It does not keep the process alive. */
export function startWorker(data: Start): Worker {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:worker_threads');
  if (node) {
    const bound = new Int32Array(new SharedArrayBuffer(4));
    const worker = new node.Worker(SOURCE, { eval: true, workerData: { ...data, bound }, execArgv: [] });
    if (data.library) watchBinding(bound);
    worker.unref();
    // a failure is seen in shared memory, by the thread that waits for the work
    worker.on('error', () => {});
    worker.on('exit', () => Atomics.store(bound, 0, 1));
    return {
      stop: async () => {
        if (data.library) awaitBound(bound);
        await worker.terminate();
      },
    };
  }
  return startWebWorker(data);
}

interface WebWorker {
  postMessage(data: Start): void;
  terminate(): void;
}

function startWebWorker(data: Start): Worker {
  const { Worker: Create } = globalThis as unknown as { Worker: new (url: string) => WebWorker };
  const url = URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' }));
  const worker = new Create(url);
  worker.postMessage(data);
  return {
    stop: async () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** What the worker said that failed. */
export function failureOf(bytes: Uint8Array): string {
  const said = bytes.slice(REASON, REASON + REASON_BYTES);
  return new TextDecoder().decode(said.subarray(0, said.indexOf(0)));
}

/** Threads that the machine can run at once. */
export function parallelism(): number {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:os');
  if (node) return node.availableParallelism();
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  return navigator?.hardwareConcurrency ?? 1;
}
