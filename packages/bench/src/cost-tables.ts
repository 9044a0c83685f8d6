/** @file The plan of cost as tables: what a step takes by size and by recipe, and how it grows. */
import type { Device } from '@octavo/kernels';
import { type CostMeasure, measureCost, type Part, parts } from './cost.ts';
import type { CostSeries } from './cost-series.ts';
import { powerLaw } from './power-law.ts';
import { stepPlan } from './step-case.ts';
import type { BenchRow, BenchTable } from './table.ts';

/** `measures` of a recipe, one a case. */
interface Measured {
  readonly recipe: string;
  readonly measures: readonly (CostMeasure | null)[];
}

const names = Object.keys(parts) as Part[];

/** The steps of each series, a table as soon as it is there, then the exponents. */
export async function* costTables(
  create: () => Promise<Device>,
  all: readonly CostSeries[],
  recipes: readonly string[],
  rounds: number,
  onNext: (what: string) => void,
): AsyncGenerator<BenchTable> {
  const rows: BenchRow[] = [];
  const device = await create();
  const { description } = device;
  await device.destroy();
  for (const one of all) {
    const measured: Measured[] = [];
    for (const recipe of recipes) {
      const measures: (CostMeasure | null)[] = [];
      for (const size of one.cases) {
        onNext(`${size.name} ${recipe}`);
        measures.push(await measureCost(create, size, stepPlan(size, recipe), rounds));
      }
      measured.push({ recipe, measures });
    }
    yield seriesTable(one, measured, description);
    rows.push(...exponents(one, measured));
  }
  yield {
    id: 'cost exponents',
    title: 'How the cost of a step grows',
    note: 'p of cost ∝ (what grows)^p, by least squares of the logarithms in the tables above, and the R² of the fit. A part of 0 or of one case has no exponent.',
    columns: recipes.flatMap((recipe) => [
      { key: recipe, label: recipe, digits: 2 },
      { key: `fit ${recipe}`, label: 'R²', digits: 3 },
    ]),
    rows,
  };
}

function seriesTable(
  { id, label, of, cases, fixed }: CostSeries,
  measured: readonly Measured[],
  where: string,
): BenchTable {
  return {
    id: `cost ${id}`,
    title: `The cost of a step by ${label}`,
    note: `${fixed}; forward, backward, clipping and AdamW on ${where}; medians, after a first step. Shares of the step’s time: the largest is what dominates. "attention" with its rotation, "optimizer" with the norm that is clipped by, "casts" to and from 8 bits. A row without figures: the device has not the memory.`,
    columns: [
      { key: 'size', label, digits: 0 },
      { key: 'milliseconds', label: 'ms', digits: 1 },
      { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
      { key: 'peak_megabytes', label: 'peak MB', digits: 0 },
      ...names.map((part) => ({ key: part, label: part, digits: 2 })),
    ],
    rows: measured.flatMap(({ recipe, measures }) =>
      cases.map((one, i): BenchRow => {
        const measure = measures[i];
        const name = `${one.name} ${recipe}`;
        if (!measure) return { name, values: { size: of(one) } };
        const total = names.reduce((sum, part) => sum + measure.parts[part], 0);
        const shares = names.map((part) => [part, measure.parts[part] / total] as const);
        return {
          name,
          values: {
            size: of(one),
            milliseconds: measure.step,
            tokens_per_second: (one.batch * one.sequence * 1000) / measure.step,
            peak_megabytes: measure.peakMemory / 1e6,
            ...Object.fromEntries(shares),
          },
        };
      }),
    ),
  };
}

/** Of the step's time, its peak memory and each part's time, against what grows. */
function exponents({ label, of, cases }: CostSeries, measured: readonly Measured[]): BenchRow[] {
  const quantities: Readonly<Record<string, (measure: CostMeasure) => number>> = {
    'step time': ({ step }) => step,
    'peak memory': ({ peakMemory }) => peakMemory,
    ...Object.fromEntries(
      names.map((part) => [`${part}, time`, (measure: CostMeasure) => measure.parts[part]]),
    ),
  };
  return Object.entries(quantities).map(([what, amountOf]) => {
    const values = measured.flatMap(({ recipe, measures }) => {
      const pairs = cases.flatMap((one, i) => {
        const value = measures[i] ? amountOf(measures[i]) : 0;
        return value > 0 ? [[of(one), value] as const] : [];
      });
      const law = powerLaw(pairs);
      return [
        [recipe, law?.exponent ?? null],
        [`fit ${recipe}`, law?.fit ?? null],
      ];
    });
    return { name: `${what} by ${label}`, values: Object.fromEntries(values) };
  });
}
