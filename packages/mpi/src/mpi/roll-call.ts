/** @file Who still answers: asked when an operation has waited too long, by messages from each to each. */
import type { Mpi } from './library.ts';

/** No operation of the group uses messages with a number: these are the roll call's alone. */
const TAG = 7919;
/** Milliseconds that the others may take to notice, too, that somebody is missing. */
const GRACE = 3000;

/** The ranks that say nothing. Every rank that waits calls it at about the same time. */
export async function whoIsAbsent(mpi: Mpi, rank: number, size: number): Promise<number[]> {
  const { world, byte } = mpi.handles;
  const others = Array.from({ length: size }, (_, r) => r).filter((r) => r !== rank);
  const calls = others.map((other) => {
    const [word, answer] = [Uint8Array.of(1), new Uint8Array(1)];
    const [sent, received] = [mpi.requests(1), mpi.requests(1)];
    mpi.call('Irecv', mpi.addressOf(answer), 1, byte, other, TAG, world, mpi.addressOf(received));
    mpi.call('Isend', mpi.addressOf(word), 1, byte, other, TAG, world, mpi.addressOf(sent));
    return { other, word, answer, sent, received };
  });
  const end = performance.now() + GRACE;
  const heard = new Set<number>();
  while (heard.size < others.length && performance.now() < end) {
    for (const { other, received } of calls) {
      const [flag, status] = [new Int32Array(1), new Int32Array(64)];
      if (heard.has(other)) continue;
      mpi.call('Test', mpi.addressOf(received), mpi.addressOf(flag), mpi.addressOf(status));
      if (flag[0]) heard.add(other);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return others.filter((other) => !heard.has(other));
}
