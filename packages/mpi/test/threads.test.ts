import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  createThreadGroup,
  joinThreadGroup,
  launchedSize,
  openCommunicator,
  soloCommunicator,
} from '../src/index.ts';
import { fromOrdered, toOrdered } from '../src/mpi/ordered.ts';
import { reduceInto } from '../src/reduce.ts';
import { faultsOf } from './operations.mjs';

test('a group of one does every operation', async () => {
  expect(await faultsOf(soloCommunicator(), [1, 5, 1000])).toEqual([]);
});

describe('threads', () => {
  // slots of 64 bytes: arrays go in many pieces
  test.each([1, 2, 3, 4])('%i ranks agree on every operation, slots large and small', async (size) => {
    for (const slotBytes of [2 ** 20, 64]) {
      const group = createThreadGroup(size, slotBytes);
      const ranks = Array.from({ length: size }, (_, rank) => joinThreadGroup(group, rank, 30));
      const lengths = slotBytes === 64 ? [1, 5, 100] : [1, 5, 1000];
      const faults = await Promise.all(ranks.map((rank) => faultsOf(rank, lengths)));
      expect(faults.flat()).toEqual([]);
      await Promise.all(ranks.map((rank) => rank.close()));
    }
  });

  test('a group over workers: the memory is all they share', async () => {
    const group = createThreadGroup(2);
    // a worker that only counts: it has no package, so it lays its bytes down by hand
    const source = `
      const { workerData: { memory } } = require('node:worker_threads');
      const words = new Int32Array(memory, 0, 4);
      const slots = 64;
      new Float32Array(memory, slots + 2 ** 20, 1).fill(41);
      for (let meeting = 0; meeting < 2; meeting++) {
        Atomics.add(words, 3, 1);
        if (Atomics.add(words, 0, 1) === 1) {
          Atomics.store(words, 0, 0);
          Atomics.add(words, 1, 1);
          Atomics.notify(words, 1);
        } else Atomics.wait(words, 1, meeting);
      }`;
    const worker = new Worker(source, { eval: true, workerData: group });
    const values = new Float32Array(2);
    await joinThreadGroup(group, 0, 30).allGather(Float32Array.of(1), values);
    expect([...values]).toEqual([1, 41]);
    await worker.terminate();
  });

  test('a rank that does not come is named', async () => {
    const group = createThreadGroup(3);
    const [first, second] = [0, 1].map((rank) => joinThreadGroup(group, rank, 0.05));
    const said = await Promise.allSettled([first!.barrier(), second!.allReduce(new Float32Array(2), 'sum')]);
    for (const one of said)
      expect(one).toMatchObject({
        reason: { message: expect.stringMatching(/^\[mpi\] rank 2 did not answer within 0\.05 s/) },
      });
  });

  test('impossible groups and ranks are refused', () => {
    expect(() => createThreadGroup(0)).toThrow(/got 0 threads/);
    expect(() => createThreadGroup(2, 100)).toThrow(/slots of 100 bytes/);
    expect(() => joinThreadGroup(createThreadGroup(2), 2)).toThrow(/got 2, expected 0 to 1/);
  });
});

test('sums run in the order of ranks, in float32', () => {
  const total = Float32Array.of(1);
  reduceInto(total, Float32Array.of(2 ** -24), 'sum');
  reduceInto(total, Float32Array.of(2 ** -24), 'sum');
  expect(total[0]).toBe(1); // 1 + 2^-23 in another order
});

test('ordered integers keep the order and the bits of floats, with NaN above all', () => {
  const values = Float32Array.of(
    Number.NEGATIVE_INFINITY,
    -3.4e38,
    -1,
    -1e-45,
    -0,
    0,
    1e-45,
    1,
    3.4e38,
    Number.POSITIVE_INFINITY,
    Number.NaN,
  );
  const ordered = toOrdered(values);
  expect([...ordered]).toEqual([...ordered].sort((a, b) => a - b));
  expect(new Set(ordered).size).toBe(values.length);
  const back = new Float32Array(values.length);
  fromOrdered(ordered, back);
  expect(back).toEqual(values);
  expect(toOrdered(new Float32Array(Int32Array.of(-1).buffer))).toEqual(
    toOrdered(Float32Array.of(Number.NaN)),
  );
});

test('the launcher says how many it has started', () => {
  expect(launchedSize({ OMPI_COMM_WORLD_SIZE: '4' })).toBe(4);
  expect(launchedSize({ PMI_SIZE: '2', HOME: '/' })).toBe(2);
  expect(launchedSize({ HOME: '/' })).toBe(null);
  expect(openCommunicator()).toMatchObject({ rank: 0, size: 1, description: 'one process' });
});
