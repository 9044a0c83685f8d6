/** @file What activations that are computed again in the backward pass save in memory, and what they take in time. */
import type { Device } from '@octavo/kernels';
import { RECOMPUTATIONS } from '@octavo/nn';
import { type CostMeasure, measureCost } from './cost.ts';
import { type StepCase, stepPlan } from './step-case.ts';
import type { BenchRow, BenchTable } from './table.ts';

/** Every recipe with each way of `--recompute`; the first recipe with the first way is what memory is compared with. */
export async function recomputeTable(
  create: () => Promise<Device>,
  one: StepCase,
  recipes: readonly string[],
  rounds: number,
  onNext: (what: string) => void,
): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  let all: CostMeasure | null = null;
  for (const recipe of recipes) {
    let kept: CostMeasure | null = null;
    for (const recompute of RECOMPUTATIONS) {
      const name = `${recipe}, ${recompute}`;
      onNext(name);
      const measure = await measureCost(create, one, { ...stepPlan(one, recipe), recompute }, rounds);
      kept ??= measure;
      all ??= measure;
      if (!measure) continue;
      const { step, peakMemory } = measure;
      rows.push({
        name,
        values: {
          milliseconds: step,
          of_none: step / kept!.step,
          peak_megabytes: peakMemory / 1e6,
          memory_of_first: peakMemory / all!.peakMemory,
        },
      });
    }
  }
  return {
    id: 'cost recompute',
    title: 'Memory by recomputation',
    note: `${one.name}, ${one.batch} × ${one.sequence} tokens; each recipe with what \`--recompute\` may be. "of none": time over that of the same recipe without. "of ${recipes[0]}": peak memory over that of ${recipes[0]} without. The weights after a step are the same to the bit.`,
    columns: [
      { key: 'milliseconds', label: 'ms', digits: 0 },
      { key: 'of_none', label: 'of none', digits: 2 },
      { key: 'peak_megabytes', label: 'peak MB', digits: 0 },
      { key: 'memory_of_first', label: `of ${recipes[0]}`, digits: 2 },
    ],
    rows,
  };
}
