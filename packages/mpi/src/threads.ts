/// <reference lib="es2024.sharedmemory" />
/**
 * @file A group of worker threads over shared memory.
 *
 * One thing happens between them: each lays a piece of bytes into its slot, all meet, each takes what it wants from all
 * slots, all meet again. Sums run over ranks in their order, so every rank has the same bits.
 */
import { OctavoError } from '@octavo/formats';
import {
  absent,
  type Communicator,
  checkExchange,
  checkParts,
  checkRoot,
  type Movable,
  type Operation,
  type Reducible,
} from './communicator.ts';
import { reduceInto } from './reduce.ts';

/** The memory that a group shares: made once, sent to every thread. */
export interface ThreadGroup {
  readonly size: number;
  /** Bytes of a rank's slot; longer arrays go in pieces. */
  readonly slotBytes: number;
  readonly memory: SharedArrayBuffer;
}

/** Words at the start: how many have come to the present meeting, how many meetings were, then the meetings of each rank. */
const [ARRIVED, MEETINGS, RANKS] = [0, 1, 2];

const slotsFrom = (size: number): number => Math.ceil((4 * (RANKS + size)) / 64) * 64;

/** A group of `size` threads. Throws an `OctavoError` for sizes below one. */
export function createThreadGroup(size: number, slotBytes = 2 ** 20): ThreadGroup {
  if (!Number.isInteger(size) || size < 1 || slotBytes % 64 !== 0 || slotBytes < 64)
    throw new OctavoError(
      `[mpi] group is impossible: got ${size} threads and slots of ${slotBytes} bytes, expected at least 1 and a multiple of 64`,
    );
  return { size, slotBytes, memory: new SharedArrayBuffer(slotsFrom(size) + size * slotBytes) };
}

/** The group as `rank` sees it. Waits at most `patience` seconds for the others. */
export function joinThreadGroup(
  { size, slotBytes, memory }: ThreadGroup,
  rank: number,
  patience = 600,
): Communicator {
  if (!Number.isInteger(rank) || rank < 0 || rank >= size)
    throw new OctavoError(`[mpi] rank is impossible: got ${rank}, expected 0 to ${size - 1}`);
  const words = new Int32Array(memory, 0, RANKS + size);
  const slot = (of: number, bytes: number): Uint8Array =>
    new Uint8Array(memory, slotsFrom(size) + of * slotBytes, bytes);

  async function meet(seconds = patience): Promise<void> {
    const meeting = Atomics.load(words, MEETINGS);
    Atomics.add(words, RANKS + rank, 1);
    if (Atomics.add(words, ARRIVED, 1) === size - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, MEETINGS, 1);
      Atomics.notify(words, MEETINGS);
      return;
    }
    const { async, value } = Atomics.waitAsync(words, MEETINGS, meeting, seconds * 1000);
    if (async && (await value) === 'timed-out') {
      const here = Atomics.load(words, RANKS + rank);
      const late = Array.from({ length: size }, (_, r) => r).filter((r) => words[RANKS + r]! < here);
      throw absent(late, seconds);
    }
  }

  /** Gives every rank `mine` and takes from every rank's bytes, which are as many. */
  async function exchange(mine: Uint8Array, take: (from: number, bytes: Uint8Array) => void): Promise<void> {
    slot(rank, mine.length).set(mine);
    await meet();
    for (let r = 0; r < size; r++) take(r, slot(r, mine.length));
    await meet();
  }

  let last: Promise<unknown> = Promise.resolve();
  /** Operations run in the order of their calls, one at a time. */
  const inTurn = (operation: () => Promise<void>): Promise<void> => {
    const done = last.then(operation);
    last = done.catch(() => {});
    return done;
  };

  /** own ← this rank’s part of the sum (or maximum) of all ranks’ `values`, piece by piece. */
  async function reducePart(values: Reducible, own: Reducible, operation: Operation): Promise<void> {
    const each = Math.floor(slotBytes / 4 / size);
    for (let at = 0; at < own.length; at += each) {
      const count = Math.min(each, own.length - at);
      const pieces = new Uint8Array(4 * count * size);
      for (let r = 0; r < size; r++)
        pieces.set(bytesOf(values.subarray(r * own.length + at, r * own.length + at + count)), 4 * count * r);
      const total = own.subarray(at, at + count);
      await exchange(pieces, (from, bytes) => {
        const theirs = sameType(own, bytes.subarray(4 * count * rank, 4 * count * (rank + 1)));
        if (from === 0) total.set(theirs);
        else reduceInto(total, theirs, operation);
      });
    }
  }

  async function gather(own: Uint8Array, all: Uint8Array): Promise<void> {
    for (let at = 0; at < own.length; at += slotBytes)
      await exchange(own.subarray(at, at + slotBytes), (from, bytes) =>
        all.set(bytes, from * own.length + at),
      );
  }

  return {
    rank,
    size,
    description: `${size} threads`,
    allReduce: (values, operation) =>
      inTurn(async () => {
        const length = Math.ceil(values.length / size);
        const padded = new (values.constructor as Float32ArrayConstructor)(length * size);
        padded.set(values);
        const own = padded.slice(0, length);
        await reducePart(padded, own, operation);
        await gather(bytesOf(own), bytesOf(padded));
        values.set(padded.subarray(0, values.length));
      }),
    async reduceScatter(values, own, operation) {
      checkParts('reduceScatter', own, values, size);
      await inTurn(() => reducePart(values, own, operation));
    },
    async allGather(own, values) {
      checkParts('allGather', own, values, size);
      await inTurn(() => gather(bytesOf(own), bytesOf(values)));
    },
    async allToAll(values, received) {
      checkExchange(values, received, size);
      const [from, to] = [bytesOf(values), bytesOf(received)];
      const part = from.length / size;
      const each = Math.floor(slotBytes / size);
      await inTurn(async () => {
        for (let at = 0; at < part; at += each) {
          const count = Math.min(each, part - at);
          const pieces = new Uint8Array(count * size);
          for (let r = 0; r < size; r++)
            pieces.set(from.subarray(r * part + at, r * part + at + count), r * count);
          await exchange(pieces, (r, bytes) =>
            to.set(bytes.subarray(rank * count, (rank + 1) * count), r * part + at),
          );
        }
      });
    },
    async broadcast(values, root) {
      checkRoot(root, size);
      const bytes = bytesOf(values);
      await inTurn(async () => {
        for (let at = 0; at < bytes.length; at += slotBytes) {
          const piece = bytes.subarray(at, at + slotBytes);
          await exchange(piece, (from, theirs) => from === root && piece.set(theirs));
        }
      });
    },
    barrier: (seconds) => inTurn(() => meet(seconds)),
    progress() {},
    close: () => inTurn(() => meet()),
    abort: (exitCode) => process.exit(exitCode),
  };
}

const bytesOf = (values: Movable): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Bytes as values of another's type; they begin at a multiple of four. */
const sameType = (as: Reducible, { buffer, byteOffset, byteLength }: Uint8Array): Reducible =>
  new (as.constructor as Float32ArrayConstructor)(buffer as ArrayBuffer, byteOffset, byteLength / 4);
