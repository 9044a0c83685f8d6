/** @file Sums of squares over parts, whose bits do not depend on how many ranks own them. */
import type { Ranks } from './ranks.ts';
import { BLOCK, partOf } from './share.ts';
import { createTreeSum, nodesOf, type Range } from './tree.ts';

/** Σ x² of whole tensors, in float64; `parts`: this rank's part of each, of the parameter with that number. */
export async function agreedSquares(
  { group, parts }: Ranks,
  tensors: readonly { readonly parameter: number; readonly part: Float32Array }[],
): Promise<Float64Array> {
  const { size } = group;
  const nodes = Array.from({ length: size }, (_, r) =>
    tensors.map(({ parameter }) => nodesOf(blocksOf(partOf(parts[parameter]!.of, { rank: r, size })))),
  );
  const most = Math.max(1, ...nodes.map((of) => of.flat().length));
  const own = new Float64Array(most);
  own.set(tensors.flatMap(({ parameter, part }) => squaresOf(part, blocksOf(parts[parameter]!))));
  const all = new Float64Array(most * size);
  await group.allGather(new Uint8Array(own.buffer), new Uint8Array(all.buffer));
  const sums = tensors.map(() => createTreeSum(plus));
  for (let r = 0; r < size; r++) {
    let next = r * most;
    for (const [t, of] of nodes[r]!.entries()) for (const node of of) sums[t]!.push(node, all[next++]!);
  }
  return Float64Array.from(sums, (sum) => sum.total() ?? 0);
}

/** The blocks of a part: parts begin with one. */
const blocksOf = ({ from, to }: Range): Range => ({
  from: Math.ceil(from / BLOCK),
  to: Math.ceil(to / BLOCK),
});

/** Of each node of the blocks. */
function squaresOf(values: Float32Array, { from, to }: Range): readonly number[] {
  const sum = createTreeSum(plus);
  for (let block = from; block < to; block++) {
    const start = (block - from) * BLOCK;
    const end = Math.min(values.length, start + BLOCK);
    let squares = 0;
    for (let i = start; i < end; i++) squares += values[i]! ** 2;
    sum.push({ from: block, size: 1 }, squares);
  }
  return sum.values();
}

const plus = (a: number, b: number): number => a + b;
