/** @file Decoding at batch 1, greedy, by Octavo, llama.cpp and PyTorch, in turns, from the same weights. */
import { type BenchTable, median } from '@octavo/bench';
import { titleOf } from './page.ts';
import { stepCase } from './stories.ts';
import { type Entry, fieldOf, inTurns, type LeaveOut } from './turns.ts';

export async function compareDecoding(
  entries: readonly Entry[],
  folder: string,
  tokens: number,
  rounds: number,
  leaveOut: LeaveOut,
): Promise<BenchTable> {
  const request = ({ kind }: Entry) => ({ task: 'decode', kind, model: folder, tokens }) as const;
  const answers = [...(await inTurns(entries, request, rounds + 1, leaveOut))]; // the first loads
  const speeds = answers.map(([, all]) => (tokens * 1000) / median(fieldOf(all, 'ms').slice(1)));
  const texts = answers.map(([, all]) => fieldOf(all, 'tokens').at(-1)!);
  const exact = texts[answers.findIndex(([{ kind }]) => kind === 'fp32')] ?? [];
  const theirs =
    speeds[
      answers.findIndex(([{ contender, kind }]) => contender.hello.name === 'llama.cpp' && kind === 'fp32')
    ];
  return {
    id: 'peers decode',
    title: 'Decoding beside other libraries',
    note: `Tokens a second of ${stepCase.name} with random weights, one sequence of ${tokens} tokens, each the most probable, in turns; medians of ${rounds}. llama.cpp stands for decoders in C: it reads the same weights from a GGUF file. PyTorch is eager, keys and values kept. "same tokens": how many come before the first that differs from Octavo’s in float32; with random weights the most probable are close, so rounding tells them apart early.`,
    columns: [
      { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
      { key: 'of_llama_cpp', label: 'of llama.cpp float32', digits: 2 },
      { key: 'same_tokens', label: 'same tokens', digits: 0 },
    ],
    rows: answers.map(([{ contender, label }], i) => {
      const differs = texts[i]!.findIndex((token, at) => token !== exact[at]);
      return {
        name: `${titleOf(contender.hello)}: ${label}`,
        values: {
          tokens_per_second: speeds[i]!,
          of_llama_cpp: theirs === undefined ? null : speeds[i]! / theirs,
          same_tokens: differs < 0 ? tokens : differs,
        },
      };
    }),
  };
}
