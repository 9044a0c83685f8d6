import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../src/web-assembly.ts';
import { failureOf, startWorker } from '../src/workers.ts';

/** A module whose `work`, (func (param i32)), is one unreachable. */
const BROKEN = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7f, 0, 3, 2, 1, 0],
  ...[7, 8, 1, 4, 0x77, 0x6f, 0x72, 0x6b, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b],
);

describe('a worker that fails', () => {
  test('says so, and why, in the memory that the main thread reads', async () => {
    const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
    const words = new Int32Array(memory.buffer);
    const module = await wasm.compile(BROKEN);
    const worker = startWorker({ module, memory, thread: 3, library: undefined });
    while (Atomics.load(words, 51) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await worker.stop();
    expect(failureOf(new Uint8Array(memory.buffer))).toBe('thread 3: RuntimeError: unreachable');
  });
});

describe('a worker that loads a library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-simd-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is not ended in the middle of that: an addon may take the process with it', async () => {
    const [addon, done] = [join(folder, 'slow.cjs'), join(folder, 'done')];
    const nap = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);';
    writeFileSync(addon, `${nap} require('node:fs').writeFileSync(${JSON.stringify(done)}, ''); throw 1;`);
    const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
    const library = { koffi: addon, path: '', face: 'blas', setups: [] } as const;
    const worker = startWorker({ module: await wasm.compile(BROKEN), memory, thread: 1, library });
    await worker.stop();
    expect(existsSync(done)).toBe(true);
  });
});
