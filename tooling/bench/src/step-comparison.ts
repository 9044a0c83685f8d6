/** @file The training step of stories15m in Octavo and in PyTorch, in turns, from the same weights and tokens. */
import { type BenchTable, median } from '@octavo/bench';
import type { Contender } from './contender.ts';
import { rest } from './gemm-comparison.ts';
import { titleOf } from './page.ts';
import { stepCase } from './stories.ts';

/** Who takes which steps. */
export interface Entry {
  readonly contender: Contender;
  readonly kind: string;
  /** For people. */
  readonly label: string;
}

export async function compareSteps(
  entries: readonly Entry[],
  folder: string,
  rounds: number,
): Promise<BenchTable> {
  const times = entries.map((): number[] => []);
  const losses = entries.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { contender, kind }] of entries.entries()) {
      const reply = await contender.ask({ task: 'step', kind, model: folder });
      if (!('loss' in reply)) throw new Error(`${contender.hello.name}: got no loss`);
      if (round > 0) times[i]!.push(reply.ms); // the first step loads and allocates
      losses[i]!.push(reply.loss);
      await rest();
    }
  }
  const speed = (i: number) => (stepCase.batch * stepCase.sequence * 1000) / median(times[i]!);
  const of = (kind: string) => {
    const i = entries.findIndex((entry) => entry.contender.hello.name === 'PyTorch' && entry.kind === kind);
    return i < 0 ? null : speed(i);
  };
  const ratio = (i: number, kind: string) => {
    const theirs = of(kind);
    return theirs === null ? null : speed(i) / theirs;
  };
  const { batch, sequence } = stepCase;
  return {
    id: 'peers step',
    title: 'A training step beside PyTorch',
    note: `stories15m, ${batch} × ${sequence} tokens, AdamW and clipping, from the same weights and tokens, in turns; medians of ${rounds}. PyTorch's FP8 is emulated: its blocks' linear layers round to the grids of E4M3 and E5M2, with delayed scales. The losses tell that the steps are the same.`,
    columns: [
      { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
      { key: 'of_pytorch', label: 'of PyTorch float32', digits: 2 },
      { key: 'of_pytorch_fp8', label: 'of PyTorch FP8', digits: 2 },
      { key: 'first_loss', label: 'first loss', digits: 5 },
      { key: 'last_loss', label: `loss after ${rounds} steps`, digits: 5 },
    ],
    rows: entries.map(({ contender, label }, i) => ({
      name: `${titleOf(contender.hello)}: ${label}`,
      values: {
        tokens_per_second: speed(i),
        of_pytorch: ratio(i, 'fp32'),
        of_pytorch_fp8: ratio(i, 'fp8'),
        first_loss: losses[i]![0]!,
        last_loss: losses[i]!.at(-1)!,
      },
    })),
  };
}
