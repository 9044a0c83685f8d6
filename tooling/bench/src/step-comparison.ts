/** @file The training step of stories15m in Octavo and in PyTorch, in turns, from the same weights and tokens. */
import { type BenchTable, median } from '@octavo/bench';
import { titleOf } from './page.ts';
import { stepCase } from './stories.ts';
import { type Entry, fieldOf, inTurns, type LeaveOut } from './turns.ts';

/** PyTorch's steps that ratios speak of, by kind. */
const yardsticks = {
  of_eager_fp32: ['fp32', 'of PyTorch float32'],
  of_eager_bf16: ['bf16', 'of PyTorch BF16'],
  of_compiled_bf16: ['bf16 compiled', 'of PyTorch compiled BF16'],
} as const;

export async function compareSteps(
  entries: readonly Entry[],
  folder: string,
  rounds: number,
  leaveOut: LeaveOut,
): Promise<BenchTable> {
  const request = ({ kind }: Entry) => ({ task: 'step', kind, model: folder }) as const;
  const answers = [...(await inTurns(entries, request, rounds + 1, leaveOut))];
  // the first step loads, compiles and allocates
  const speeds = answers.map(
    ([, all]) => (stepCase.batch * stepCase.sequence * 1000) / median(fieldOf(all, 'ms').slice(1)),
  );
  const speedOf = (kind: string): number | null => {
    const isIt = ([{ contender, kind: its }]: (typeof answers)[number]) =>
      contender.hello.name === 'PyTorch' && its === kind;
    return speeds[answers.findIndex(isIt)] ?? null;
  };
  const { batch, sequence } = stepCase;
  return {
    id: 'peers step',
    title: 'A training step beside PyTorch',
    note: `stories15m, ${batch} × ${sequence} tokens, AdamW and clipping, from the same weights and tokens, in turns; medians of ${rounds}. PyTorch as its users write it: scaled_dot_product_attention, the fused AdamW, BF16 by autocast; "compiled" by torch.compile, whose time to compile does not count. The losses tell that the steps are the same.`,
    columns: [
      { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
      ...Object.entries(yardsticks).map(([key, [, label]]) => ({ key, label, digits: 2 })),
      { key: 'first_loss', label: 'first loss', digits: 5 },
      { key: 'last_loss', label: `loss after ${rounds} steps`, digits: 5 },
    ],
    rows: answers.map(([{ contender, label }, all], i) => {
      const losses = fieldOf(all, 'loss');
      const ratios = Object.entries(yardsticks).map(([key, [kind]]) => {
        const theirs = speedOf(kind);
        return [key, theirs && speeds[i]! / theirs] as const;
      });
      return {
        name: `${titleOf(contender.hello)}: ${label}`,
        values: {
          tokens_per_second: speeds[i]!,
          ...Object.fromEntries(ratios),
          first_loss: losses[0]!,
          last_loss: losses.at(-1)!,
        },
      };
    }),
  };
}
