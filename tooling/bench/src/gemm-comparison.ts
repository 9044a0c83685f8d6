/** @file Float32 products of every contender, in turns. */
import { type BenchTable, median } from '@octavo/bench';
import type { Contender } from './contender.ts';
import { titleOf } from './page.ts';
import { fieldOf, inTurns, type LeaveOut } from './turns.ts';

export interface GemmEffort {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly leastMs: number;
}

/** GFLOP/s of each; the first contender is the one that ratios speak of. */
export async function compareGemm(
  contenders: readonly Contender[],
  { sizes, rounds, leastMs }: GemmEffort,
  leaveOut: LeaveOut,
): Promise<BenchTable> {
  let entries = contenders.map((contender) => ({ contender, kind: 'fp32', label: 'products' }));
  const speeds = new Map<Contender, Map<number, number>>(contenders.map((c) => [c, new Map()]));
  for (const size of sizes) {
    const answers = await inTurns(entries, () => ({ task: 'gemm', size, leastMs }), rounds, leaveOut);
    const checks = [...answers].map(
      ([{ contender }, all]) => [contender, fieldOf(all, 'check').at(-1)!] as const,
    );
    for (const [{ hello }, check] of checks) sameProduct(hello.name, size, check, checks[0]![1]);
    for (const [{ contender }, all] of answers) {
      speeds.get(contender)!.set(size, (2 * size ** 3) / median(fieldOf(all, 'ms')) / 1e6);
    }
    entries = [...answers.keys()];
  }
  const ours = speeds.get(contenders[0]!)!;
  return {
    id: 'peers gemm',
    title: 'Products beside other libraries',
    note: `GFLOP/s of float32 products A · B, in turns of ${leastMs} ms, medians of ${rounds}. Each library in a process of its own; all were held to the same results. TensorFlow.js and jax-js use one thread in Node; here they are given the workers of a browser as well. "ours": Octavo without a library over it.`,
    columns: sizes.flatMap((size) => [
      { key: `gflops_${size}`, label: `${size}³`, digits: 1 },
      { key: `ours_${size}`, label: 'ours', digits: 2 },
    ]),
    rows: entries.map(({ contender }) => ({
      name: titleOf(contender.hello),
      values: Object.fromEntries(
        [...speeds.get(contender)!].flatMap(([size, speed]) => [
          [`gflops_${size}`, speed],
          [`ours_${size}`, ours.get(size)! / speed],
        ]),
      ),
    })),
  };
}

/** Sums of `size` products of numbers within ±1/2, in float32: they agree to a part in 10⁵ of √size / 12. */
function sameProduct(name: string, size: number, got: readonly number[], expected: readonly number[]): void {
  const tolerance = (1e-4 * Math.sqrt(size)) / 12;
  if (got.every((value, i) => Math.abs(value - expected[i]!) <= tolerance)) return;
  throw new Error(`${name}, ${size}³: got ${got.join(', ')}, expected ${expected.join(', ')}`);
}
