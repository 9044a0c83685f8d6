/** @file The kernels at work: memory, scratch and commands. */
import { type Format, OctavoError } from '@octavo/formats';
import { type Arena, createArena, PAGE } from './arena.ts';
import { DESCRIPTION_BYTES, describe } from './format-description.ts';
import { bindProduct } from './library/bind.ts';
import type { ProductLibrary } from './library/find.ts';
import { type InstructionSet, kernels } from './module.ts';
import { ARENA, ARGUMENTS, COMMAND, PAGES, PARAMETERS, QUIT } from './numbers.ts';
import { wasm } from './web-assembly.ts';
import { failureOf, startWorker } from './workers.ts';

/** Scratch that any kernel may count on, a thread. */
const LEAST_SCRATCH = 128 * 1024;

export interface Engine {
  readonly arena: Arena;
  readonly threads: number;
  /** The machine's library that products may go to. */
  readonly library: ProductLibrary | undefined;
  /** Views of all memory. Do not keep them: growth makes new ones. */
  bytes(): Uint8Array;
  words(): Int32Array;
  floats(): Float32Array;
  /** Address of a format's description. */
  format(format: Format): number;
  /** Address of at least so many bytes that keep their contents until the next call with more. */
  workspace(bytes: number): number;
  /** Runs `tasks` tasks of a kernel, each with `scratch` bytes of its own. Returns when all are done. */
  run(kernel: number, tasks: number, scratch: number, parameters: readonly number[]): void;
  stop(): Promise<void>;
}

interface Exports {
  runAlone(): void;
  runShared(sleeps: number): number;
}

export interface EngineOptions {
  readonly threads: number;
  readonly instructionSet: InstructionSet;
  readonly library: ProductLibrary | undefined;
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { threads, instructionSet } = options;
  const shared = typeof SharedArrayBuffer !== 'undefined';
  // a library is given addresses, and memory that is not shared moves when it grows
  const library = shared ? options.library : undefined;
  const module = await kernels(instructionSet, shared);
  const memory = new wasm.Memory({ initial: 16, maximum: 65536, shared });
  const product = library ? bindProduct(library.koffi, library.binding, memory.buffer) : () => {};
  const seeGrowth = () => {}; // this thread grows it
  const instance = await wasm.instantiate(module, { env: { memory, product, seeGrowth } });
  const { runAlone, runShared } = instance.exports as unknown as Exports;
  const arena = createArena(memory, ARENA);
  const count = shared ? threads : 1;
  const workers = Array.from({ length: count - 1 }, (_, i) =>
    startWorker({ module, memory, thread: i + 1, library: library?.binding }),
  );
  const sleeps = mayWait();

  let buffer: ArrayBufferLike = memory.buffer;
  let bytes = new Uint8Array(buffer);
  let words = new Int32Array(buffer);
  let floats = new Float32Array(buffer);
  const refresh = () => {
    if (memory.buffer === buffer) return;
    buffer = memory.buffer;
    bytes = new Uint8Array(buffer);
    words = new Int32Array(buffer);
    floats = new Float32Array(buffer);
    words[PAGES / 4] = buffer.byteLength / PAGE;
  };

  const region = (least: number) => {
    let address = 0;
    let size = 0;
    return (wanted: number): number => {
      if (wanted <= size) return address;
      if (size > 0) arena.give(address, size);
      size = 0;
      address = arena.take(Math.max(least, wanted));
      size = Math.max(least, wanted);
      return address;
    };
  };
  const workspace = region(65536);
  const scratch = region(LEAST_SCRATCH * count);
  const formats = new Map<Format, number>();
  let stopped = false;

  return {
    arena,
    threads: count,
    library,
    bytes: () => {
      refresh();
      return bytes;
    },
    words: () => {
      refresh();
      return words;
    },
    floats: () => {
      refresh();
      return floats;
    },
    format(format) {
      const found = formats.get(format);
      if (found !== undefined) return found;
      const address = arena.take(DESCRIPTION_BYTES);
      refresh();
      describe(format, words, address / 4);
      formats.set(format, address);
      return address;
    },
    workspace,
    run(kernel, tasks, scratchBytes, parameters) {
      if (stopped)
        throw new OctavoError('[simd] device: it was destroyed; create another with createSimdDevice');
      if (tasks <= 0) return;
      const own = Math.max(LEAST_SCRATCH, Math.ceil(scratchBytes / 64) * 64);
      const address = scratch(own * count);
      refresh();
      words[PARAMETERS / 4] = kernel;
      words[PARAMETERS / 4 + 1] = tasks;
      words[PARAMETERS / 4 + 2] = address;
      words[PARAMETERS / 4 + 3] = own;
      for (let i = 0; i < parameters.length; i++) words[ARGUMENTS / 4 + i] = parameters[i]!;
      if (count === 1 || tasks === 1) runAlone();
      else if (!runShared(Number(sleeps))) {
        throw new OctavoError(
          `[simd] a worker thread failed: got "${failureOf(bytes)}"; create the device anew, with threads: 1 if it fails again`,
        );
      }
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      if (shared && count > 1) {
        refresh();
        Atomics.store(words, QUIT / 4, 1);
        Atomics.notify(new BigInt64Array(buffer as SharedArrayBuffer), COMMAND / 8);
      }
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

/** A browser's main thread may not sleep; it spins. */
function mayWait(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
