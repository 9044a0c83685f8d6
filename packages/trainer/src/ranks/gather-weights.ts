/** @file New weights of all owners on every rank, in the bytes of their working format. */
import { BF16, type Format } from '@octavo/formats';
import { concatenate } from '@octavo/store';
import { bucketsOf } from './buckets.ts';
import type { Ranks } from './ranks.ts';
import { wires } from './wire.ts';

/** The values of every whole parameter; `partOf`: those of this rank's part. `formatOf`: FP32 or BF16. */
export async function gatherWeights(
  { group, parts, traffic }: Ranks,
  formatOf: (parameter: number) => Format,
  partOf: (parameter: number) => Promise<Float32Array>,
): Promise<readonly Float32Array[]> {
  const { size } = group;
  const wireOf = (parameter: number) => wires[formatOf(parameter) === BF16 ? 'bf16' : 'float32'];
  const own = new Map<number, Float32Array>();
  const under = [];
  for (const { slices } of bucketsOf(parts, size)) {
    const pieces: Uint8Array[] = [];
    for (const { parameter, at, count } of slices) {
      const part = own.get(parameter) ?? (await partOf(parameter));
      own.set(parameter, part);
      pieces.push(wireOf(parameter).encode(part.subarray(at, at + count), 1));
    }
    for (const parameter of own.keys())
      if (!slices.some((slice) => slice.parameter === parameter)) own.delete(parameter);
    const bytes = concatenate(pieces);
    const all = new Uint8Array(bytes.length * size);
    traffic.weights += bytes.length * (size - 1);
    under.push({ slices, bytes, all, done: group.allGather(bytes, all) });
  }
  const values = parts.map(({ of }) => new Float32Array(of));
  for (const { slices, bytes, all, done } of under) {
    await done;
    for (let rank = 0; rank < size; rank++) {
      let from = rank * bytes.length;
      for (const { parameter, at, count } of slices) {
        const [wire, { of, length }] = [wireOf(parameter), parts[parameter]!];
        const piece = new Float32Array(count);
        wire.decode(all.slice(from, from + count * wire.bytes), 1, piece);
        from += count * wire.bytes;
        const to = rank * length + at;
        if (to < of) values[parameter]!.set(piece.subarray(0, of - to), to);
      }
    }
  }
  return values;
}
