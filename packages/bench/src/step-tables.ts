/** @file Measured steps as tables: one row a recipe, and a breakdown by operator. */
import type { StepMeasure } from './step.ts';
import type { StepCase } from './step-case.ts';
import type { BenchRow, BenchTable } from './table.ts';

/** How often the trainer samples statistics by default. */
const SAMPLE_EVERY = 20;

export interface MeasuredCase {
  readonly one: StepCase;
  /** Added to the rows' names. */
  readonly how: string;
  readonly measures: readonly StepMeasure[];
}

export const stepTable = (threads: string, cases: readonly MeasuredCase[]): BenchTable => ({
  id: 'step',
  title: 'Training step',
  note: `Forward, backward, clipping and AdamW on ${threads}; the recipes of a model take turns, medians. "of bf16": tokens a second over those of bf16. "products": the share of matrix products in the step's time; "of their own": their speed over that of the same products run by themselves, "of 1024³": over that of a float32 product of that size. "statistics": what sampling them every ${SAMPLE_EVERY}th step adds. "peak MB": of the device. "state": bytes of the optimizer a parameter, measured.`,
  columns: [
    { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
    { key: 'milliseconds', label: 'ms', digits: 0 },
    { key: 'of_bf16', label: 'of bf16', digits: 2 },
    { key: 'products', label: 'products', digits: 2 },
    { key: 'products_gflops', label: 'GFLOP/s', digits: 1 },
    { key: 'of_own', label: 'of their own', digits: 2 },
    { key: 'of_1024', label: 'of 1024³', digits: 2 },
    { key: 'statistics', label: 'statistics', digits: 3 },
    { key: 'peak_megabytes', label: 'peak MB', digits: 0 },
    { key: 'state_bytes', label: 'state', digits: 2 },
  ],
  rows: cases.flatMap(rowsOf),
});

function rowsOf({ one, how, measures }: MeasuredCase): BenchRow[] {
  const bf16 = measures.find(({ recipe }) => recipe === 'bf16');
  return measures.map((m) => ({
    name: `${one.name} ${m.recipe}${how}`,
    values: {
      tokens_per_second: (one.batch * one.sequence * 1000) / m.step,
      milliseconds: m.step,
      of_bf16: bf16 ? bf16.step / m.step : null,
      products: m.gemm / m.step,
      products_gflops: m.gemmSpeed,
      of_own: m.gemmAlone / m.gemm,
      of_1024: m.gemmSpeed / m.peakSpeed,
      statistics: Math.max(0, m.sampledStep / m.step - 1) / SAMPLE_EVERY,
      peak_megabytes: m.peakMemory / 1e6,
      state_bytes: m.stateBytesPerParameter,
    },
  }));
}

/** Milliseconds a step by operator, a column a recipe. */
export function breakdownTable({ one, how, measures }: MeasuredCase): BenchTable {
  const names = [...new Set(measures.flatMap(({ operators }) => [...operators.keys()]))];
  const most = (name: string) => Math.max(...measures.map(({ operators }) => operators.get(name) ?? 0));
  names.sort((a, b) => most(b) - most(a));
  return {
    id: `breakdown ${one.name}${how}`,
    title: `Where a step of ${one.name}${how} goes`,
    note: `Milliseconds a step by operator, means. ${one.batch} × ${one.sequence} tokens.`,
    columns: measures.map(({ recipe }) => ({ key: recipe, label: recipe, digits: 1 })),
    rows: names.map((name) => ({
      name,
      values: Object.fromEntries(
        measures.map(({ recipe, operators }) => [recipe, operators.get(name) ?? null]),
      ),
    })),
  };
}
