/** @file What is asked of Octavo's speed beside what the other tables saw. */
import type { BenchTable } from '@octavo/bench';

/** A figure in a table, by the ends of its row's name. */
interface Place {
  readonly table: string;
  readonly row: readonly [start: string, end: string];
  readonly column: string;
}

interface Asked {
  readonly what: string;
  readonly least?: number;
  readonly most?: number;
  readonly of: Place;
  /** Where the figure is a ratio of two. */
  readonly over?: Place;
}

const step = (end: string, column = 'tokens_per_second', start = 'Octavo + oneDNN'): Place => ({
  table: 'peers step',
  row: [start, `: ${end}`],
  column,
});
const decoding = (end: string, column = 'tokens_per_second'): Place => ({
  table: 'peers decode',
  row: ['Octavo + oneDNN', `: ${end}`],
  column,
});
const products = (key: string): Place => ({
  table: 'peers products',
  row: ['all', ''],
  column: `of_alone_${key}`,
});
const PLAIN = ['float32', 'bf16', 'fp8-full'] as const;

export const asked: readonly Asked[] = [
  { what: 'products of the step, BF16 operands, of oneDNN alone', least: 0.8, of: products('bf16') },
  { what: 'products of the step, FP8 operands, of oneDNN alone', least: 0.8, of: products('fp8') },
  { what: 'fp8-full, tokens/s, of our own float32', least: 1.5, of: step('fp8-full'), over: step('float32') },
  ...(['fp8-full', 'bf16'] as const).flatMap((recipe): Asked[] => [
    { what: `${recipe} of PyTorch eager float32`, least: 3.5, of: step(recipe, 'of_eager_fp32') },
    { what: `${recipe} of PyTorch eager BF16`, least: 1.8, of: step(recipe, 'of_eager_bf16') },
    { what: `${recipe} of PyTorch compiled BF16`, least: 1.2, of: step(recipe, 'of_compiled_bf16') },
  ]),
  { what: 'fp8-full of bf16', least: 0.97, of: step('fp8-full'), over: step('bf16') },
  ...PLAIN.map((recipe) => ({
    what: `${recipe} without a library, of the version before`,
    least: 1.05,
    of: step(recipe, 'tokens_per_second', 'Octavo ('),
    over: step(recipe, 'tokens_per_second', 'Octavo before'),
  })),
  { what: 'decoding, BF16, of llama.cpp float32', least: 1.5, of: decoding('bf16', 'of_llama_cpp') },
  { what: 'decoding, FP8, of llama.cpp float32', least: 1.5, of: decoding('fp8', 'of_llama_cpp') },
  { what: 'decoding, FP8, of BF16', least: 1.3, of: decoding('fp8'), over: decoding('bf16') },
  {
    what: 'peak memory, fp8-full with --recompute full, of fp32 without',
    most: 0.3,
    of: { table: 'cost recompute', row: ['fp8-full, full', ''], column: 'memory_of_first' },
  },
];

function find(tables: readonly BenchTable[], { table, row: [start, end], column }: Place): number | null {
  const rows = tables.find(({ id }) => id === table)?.rows ?? [];
  return rows.find(({ name }) => name.startsWith(start) && name.endsWith(end))?.values[column] ?? null;
}

/** A row for each; what was not measured is not there. `holds`: 1 where it does, 0 where not. */
export function askedTable(tables: readonly BenchTable[]): BenchTable {
  return {
    id: 'asked',
    title: 'Asked and seen',
    note: 'Ratios of the tables below, Octavo with oneDNN where none is named, beside what is asked of them: at least, of memory at most. "holds": 1 where it does, 0 where it does not; what was not measured in this run has no figure.',
    columns: [
      { key: 'asked', label: 'asked', digits: 2 },
      { key: 'seen', label: 'seen', digits: 2 },
      { key: 'holds', label: 'holds', digits: 0 },
    ],
    rows: asked.map(({ what, least, most, of, over }) => {
      const [first, second] = [find(tables, of), over ? find(tables, over) : 1];
      const seen = first === null || second === null ? null : first / second;
      const holds =
        seen !== null && (least === undefined || seen >= least) && (most === undefined || seen <= most);
      return {
        name: what,
        values: { asked: least ?? most!, seen, holds: seen === null ? null : Number(holds) },
      };
    }),
  };
}
