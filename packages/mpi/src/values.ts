/** @file Plain data between ranks, as JSON: what is agreed on now and then, not what is computed with. */
import type { Communicator } from './communicator.ts';

/** What rank 0 makes, on every rank. Where it throws, the others go on waiting: the caller ends them. */
export async function fromFirst<T>(group: Communicator, make: () => T | Promise<T>): Promise<T> {
  if (group.size === 1) return make();
  const own = group.rank === 0 ? await make() : null;
  return (await gatherValues(group, own))[0] as T;
}

/** Every rank's value, in their order. Numbers that are not finite become null, as JSON has it. */
export async function gatherValues<T>(group: Communicator, value: T): Promise<T[]> {
  const own = new TextEncoder().encode(JSON.stringify(value) ?? 'null');
  const lengths = new Int32Array(group.size);
  await group.allGather(Int32Array.of(own.length), lengths);
  const most = Math.max(...lengths);
  const [padded, all] = [new Uint8Array(most), new Uint8Array(most * group.size)];
  padded.set(own);
  await group.allGather(padded, all);
  return Array.from(lengths, (length, rank) =>
    JSON.parse(new TextDecoder().decode(all.subarray(rank * most, rank * most + length))),
  );
}
