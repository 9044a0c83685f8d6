/** @file Float32 products of every contender, in turns. */
import { type BenchTable, median } from '@octavo/bench';
import type { Contender } from './contender.ts';
import { titleOf } from './page.ts';

const BETWEEN_MS = 20;
/** So long threads may go on waiting for more work after a turn. */
export const rest = (): Promise<void> => new Promise((done) => setTimeout(done, BETWEEN_MS));

export interface GemmEffort {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly leastMs: number;
}

/** GFLOP/s of each; the first contender is the one that ratios speak of. */
export async function compareGemm(
  contenders: readonly Contender[],
  { sizes, rounds, leastMs }: GemmEffort,
): Promise<BenchTable> {
  const speeds = new Map<Contender, Map<number, number>>(contenders.map((c) => [c, new Map()]));
  for (const size of sizes) {
    const times = new Map<Contender, number[]>(contenders.map((c) => [c, []]));
    const checks = new Map<Contender, readonly number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const reply = await contender.ask({ task: 'gemm', size, leastMs });
        if (!('check' in reply)) throw new Error(`${contender.hello.name}: got no product`);
        times.get(contender)!.push(reply.ms);
        checks.set(contender, reply.check);
        await rest();
      }
    }
    const [first] = contenders;
    for (const contender of contenders) {
      sameProduct(contender.hello.name, size, checks.get(contender)!, checks.get(first!)!);
      speeds.get(contender)!.set(size, (2 * size ** 3) / median(times.get(contender)!) / 1e6);
    }
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
    rows: contenders.map((contender) => ({
      name: titleOf(contender.hello),
      values: Object.fromEntries(
        sizes.flatMap((size) => {
          const speed = speeds.get(contender)!.get(size)!;
          return [
            [`gflops_${size}`, speed],
            [`ours_${size}`, ours.get(size)! / speed],
          ];
        }),
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
