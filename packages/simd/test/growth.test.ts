/**
 * @file Memory that grows is seen by every thread before its next task. V8 tells a thread of it only at some turns of a
 * loop and calls; until then bulk operations on what is new trap.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { COPY_BYTES } from '../src/generated/kernels.ts';
import { kernels } from '../src/module.ts';
import {
  ARENA,
  ARGUMENTS,
  COMMAND,
  COPY_PIECE,
  DONE,
  FAILED,
  PAGES,
  PARAMETERS,
  QUIT,
} from '../src/numbers.ts';
import { type WasmModule, wasm } from '../src/web-assembly.ts';
import { failureOf, startWorker } from '../src/workers.ts';

const newMemory = (initial = 16) => new wasm.Memory({ initial, maximum: 65536, shared: true });

it('a worker sees growth once, before the first task of the command that follows', async () => {
  const memory = newMemory(64);
  const words = new Int32Array(memory.buffer);
  const [from, to] = [ARENA, ARENA + 4 * COPY_PIECE];
  const doneBefore: number[] = [];
  const seeGrowth = (): void => {
    doneBefore.push(words[DONE / 4]!);
    words[QUIT / 4] = 1; // so that it returns after this command
  };
  const module = await kernels('simd128', true);
  const { exports } = await wasm.instantiate(module, { env: { memory, product: () => {}, seeGrowth } });
  for (const pages of [20, 30]) {
    words.fill(pages, from / 4, from / 4 + 3 * (COPY_PIECE / 4));
    words[PAGES / 4] = pages;
    words.set([COPY_BYTES, 3, to + 4 * COPY_PIECE, 4096], PARAMETERS / 4);
    words.set([from, to, 3 * COPY_PIECE], ARGUMENTS / 4);
    [words[QUIT / 4], words[DONE / 4], words[COMMAND / 4]] = [0, 0, 3];
    (exports as { work(thread: number): void }).work(1);
    expect(words[DONE / 4]).toBe(3);
    expect(words.subarray(to / 4, to / 4 + 3 * (COPY_PIECE / 4)).every((word) => word === pages)).toBe(true);
  }
  expect(doneBefore).toEqual([0, 0]);
});

const [GO, FILLED, UP] = [0, 4, 8];
const name = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))];

/** A module whose `work` counts itself at UP, waits until GO holds an address, sees growth, fills eight bytes there, counts itself at FILLED. */
const FILLS = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0],
  ...[2, 34, 2, ...name('env'), ...name('memory'), 2, 3, 16, 0x80, 0x80, 4],
  ...[...name('env'), ...name('seeGrowth'), 0, 1],
  ...[3, 2, 1, 0, 7, 8, 1, ...name('work'), 0, 1, 10, 49, 1, 47, 0],
  ...[0x41, UP, 0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a],
  ...[0x03, 0x40, 0x41, GO, 0xfe, 0x10, 2, 0, 0x45, 0x0d, 0, 0x0b, 0x10, 0],
  ...[0x41, GO, 0xfe, 0x10, 2, 0, 0x41, 0, 0x41, 8, 0xfc, 0x0b, 0],
  ...[0x41, FILLED, 0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a, 0x0b],
);
const [MEMORIES, THREADS] = [20, 4];

it('what a worker does then lets it reach the end of memory', { tags: 'slow' }, async () => {
  const module: WasmModule = await wasm.compile(FILLS);
  for (let run = 0; run < MEMORIES; run++) {
    const memory = newMemory();
    const word = (address: number): number => Atomics.load(new Int32Array(memory.buffer), address / 4);
    const workers = Array.from({ length: THREADS }, (_, i) =>
      startWorker({ module, memory, thread: i + 1, library: undefined }),
    );
    while (word(UP) < THREADS) await sleep(1);
    for (let pages = 16; pages < 1000; pages++) memory.grow(1);
    Atomics.store(new Int32Array(memory.buffer), GO / 4, memory.buffer.byteLength - 8);
    while (word(FILLED) < THREADS && word(FAILED) === 0) await sleep(1);
    expect(failureOf(new Uint8Array(memory.buffer)), `memory ${run}`).toBe('');
    await Promise.all(workers.map((worker) => worker.stop()));
  }
});
