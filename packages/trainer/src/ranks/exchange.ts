/**
 * @file Gradients on their way from all ranks to the owners of their parts: each rank sends every other its pieces of what
 * that one owns, bucket by bucket, and the owner sums them in float32, in the order of the tree. (A reduce-scatter, made
 * of an all-to-all, so that the sum has an order and its parts a format of choice.)
 */
import { type Bucket, bucketsOf } from './buckets.ts';
import type { Ranks } from './ranks.ts';
import { createTreeSum } from './tree.ts';
import { type WireName, wires } from './wire.ts';

export interface Exchange {
  /** Takes this rank's pieces of a parameter's gradient, one for each of its nodes; a bucket that is full goes off. */
  add(parameter: number, pieces: readonly Float32Array[]): void;
  /** This rank's part of each parameter's sum, once all have been added everywhere. */
  finish(): Promise<readonly Float32Array[]>;
}

export function createExchange(ranks: Ranks, wireName: WireName): Exchange {
  const { group, parts, pieces, traffic } = ranks;
  const { size } = group;
  const wire = wires[wireName];
  const most = Math.max(...pieces.map((nodes) => nodes.length)); // every rank sends as many, those that have fewer zeros
  const sums = parts.map(({ length }) => new Float32Array(length));
  const buckets = bucketsOf(parts, size * most);
  const waiting = buckets.map((bucket) => ({
    bucket,
    left: bucket.slices.length,
    values: null as Float32Array | null,
  }));
  const under: Promise<void>[] = [];
  let before: Promise<unknown> = Promise.resolve();

  /** Begins to send values, `[rank][piece][element]`; not before the last bucket is off, since all ranks begin in one order. */
  function begin(
    values: Float32Array,
  ): Promise<{ scale: number; received: Uint8Array; done: Promise<void> }> {
    const begun = before.then(async () => {
      const scale = await wire.scaleOf(group, values);
      const bytes = wire.encode(values, scale);
      const received = new Uint8Array(bytes.length);
      traffic.gradients += (bytes.length / size) * (size - 1);
      return { scale, received, done: group.allToAll(bytes, received) };
    });
    before = begun;
    return begun;
  }

  /** Sends a bucket's values off, and sums what comes. */
  async function send({ slices, length }: Bucket, values: Float32Array): Promise<void> {
    const { scale, received, done } = await begin(values);
    await done;
    const decoded = new Float32Array(values.length);
    wire.decode(received, scale, decoded);
    const sum = createTreeSum(addInto);
    for (const [r, nodes] of pieces.entries())
      for (const [p, node] of nodes.entries()) {
        const from = (r * most + p) * length;
        sum.push(node, decoded.subarray(from, from + length));
      }
    const total = sum.total()!;
    for (const { parameter, at, to, count } of slices)
      sums[parameter]!.set(total.subarray(to, to + count), at);
  }

  return {
    add(parameter, own) {
      const { of, length: part } = parts[parameter]!;
      for (const one of waiting) {
        const { bucket } = one;
        const { length } = bucket;
        for (const slice of bucket.slices) {
          if (slice.parameter !== parameter) continue;
          one.values ??= new Float32Array(size * most * length);
          for (let r = 0; r < size; r++) {
            const from = Math.min(of, r * part + slice.at);
            const to = Math.min(of, from + slice.count, (r + 1) * part);
            for (const [p, piece] of own.entries())
              one.values.set(piece.subarray(from, to), (r * most + p) * length + slice.to);
          }
          one.left -= 1;
        }
        if (one.left > 0 || !one.values) continue;
        const sent = send(bucket, one.values);
        sent.catch(() => {}); // `finish` tells of it
        under.push(sent);
        one.values = null;
      }
    },
    async finish() {
      await Promise.all(under);
      return sums;
    },
  };
}

/** left ← left + right. */
function addInto(left: Float32Array, right: Float32Array): Float32Array {
  for (let i = 0; i < left.length; i++) left[i] = left[i]! + right[i]!;
  return left;
}
