/** @file The products of a training step: Octavo's, by oneDNN, beside oneDNN called for nothing but a product. */
import { type BenchTable, median, stepProducts } from '@octavo/bench';
import { stepCase } from './stories.ts';
import { type Entry, fieldOf, inTurns, type LeaveOut } from './turns.ts';

/** `key`: in the table's columns. `alone` is what the others are compared with. */
export interface ProductEntry extends Entry {
  readonly key: string;
}

/** GFLOP/s by product, and of all products of a step, each as often as it occurs. */
export async function compareProducts(
  entries: readonly ProductEntry[],
  rounds: number,
  leastMs: number,
  leaveOut: LeaveOut,
  products = stepProducts(stepCase),
): Promise<BenchTable> {
  let left = entries;
  const milliseconds = new Map<string, number[]>(entries.map(({ key }) => [key, []]));
  for (const { name, m, n, k, kind } of products) {
    const operands = (entry: Entry) => (name.startsWith('head') ? 'bf16' : entry.kind);
    const request = (entry: Entry) =>
      ({ task: 'product', m, n, k, kind, operands: operands(entry), leastMs }) as const;
    const answers = await inTurns(left, request, rounds, leaveOut);
    for (const [{ key }, all] of answers) milliseconds.get(key)!.push(median(fieldOf(all, 'ms')));
    left = [...answers.keys()];
  }
  const row = (name: string, flops: number, msOf: (key: string) => number) => {
    const alone = left.some(({ key }) => key === 'alone') ? msOf('alone') : null;
    const values = left.flatMap(({ key }): [string, number | null][] => [
      [`gflops_${key}`, flops / msOf(key) / 1e6],
      [`of_alone_${key}`, alone && alone / msOf(key)],
    ]);
    return { name, values: Object.fromEntries(values) };
  };
  const flops = products.map(({ m, n, k }) => 2 * m * n * k);
  const total = (of: (i: number) => number) => products.reduce((sum, { calls }, i) => sum + calls * of(i), 0);
  return {
    id: 'peers products',
    title: 'The products of a step beside oneDNN alone',
    note: `GFLOP/s; products of ${stepCase.name} at ${stepCase.batch} × ${stepCase.sequence} tokens, BF16 results, in turns of ${leastMs} ms, medians of ${rounds}. "oneDNN alone": PyTorch’s torch.mm of BF16 matrices into one that is there, which calls the oneDNN that PyTorch brings with as many threads; nothing is decoded, scaled or cut there. Octavo’s FP8 products decode codes of one byte and take scales off at the store; those of the head are BF16. "of alone": speed over that of oneDNN alone. "all": each as often as a step has it.`,
    columns: entries.flatMap(({ key, label }) => [
      { key: `gflops_${key}`, label, digits: 0 },
      ...(key === 'alone' ? [] : [{ key: `of_alone_${key}`, label: 'of alone', digits: 2 }]),
    ]),
    rows: [
      ...products.map(({ name, calls }, i) =>
        row(`${name}, ${calls} ×`, flops[i]!, (key) => milliseconds.get(key)![i]!),
      ),
      row(
        'all',
        total((i) => flops[i]!),
        (key) => total((i) => milliseconds.get(key)![i]!),
      ),
    ],
  };
}
