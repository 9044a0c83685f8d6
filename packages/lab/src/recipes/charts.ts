/** @file The study's pictures as Vega-Lite specifications. */
import { colour, frame, overSteps, wrapped } from '../charts/parts.ts';
import type { Comparison, TrainingGap } from './results.ts';
import { NUDGED } from './settings.ts';

export const chartsOf = (
  comparisons: readonly Comparison[],
  training: readonly TrainingGap[],
  every: number,
): Record<string, object> => ({
  gaps: gapChart(comparisons),
  training: trainingChart(comparisons, training, every),
});

const others = (comparisons: readonly Comparison[]): Comparison[] =>
  comparisons.filter(({ arm }) => arm !== 'bf16');

/** A dot a seed, the mean with its interval, and the band of what rounding alone does. */
function gapChart(comparisons: readonly Comparison[]): object {
  const shown = others(comparisons);
  const arms = shown.map(({ arm }) => arm);
  const bf16 = comparisons.find(({ arm }) => arm === 'bf16')!;
  const percent = (gap: number): number =>
    (100 * gap) / (bf16.heldOut.reduce((a, b) => a + b, 0) / bf16.heldOut.length);
  const finite = (row: { gap: number }): boolean => Number.isFinite(row.gap);
  const dots = shown.flatMap(({ arm, seeds, gaps }) =>
    gaps.map((gap, i) => ({ recipe: arm, seed: seeds[i]!, gap })),
  );
  const means = shown.map(({ arm, gap }) => ({
    recipe: arm,
    gap: gap.mean,
    low: gap.interval?.[0] ?? null,
    high: gap.interval?.[1] ?? null,
  }));
  const noise = Math.max(0, ...(shown.find(({ arm }) => arm === NUDGED)?.gaps.map(Math.abs) ?? []));
  const worst = Math.max(...means.filter(({ recipe }) => recipe !== NUDGED).map(({ gap }) => Math.abs(gap)));
  const several = bf16.seeds.length > 1;
  const x = {
    type: 'quantitative',
    title: 'held-out loss less that of bf16, nats per byte',
    axis: { tickCount: 6 },
    scale: { zero: true },
  };
  const y = { field: 'recipe', type: 'nominal', sort: arms, title: null, axis: { grid: true } };
  return frame({
    title: {
      text: Number.isFinite(worst)
        ? `From scratch every recipe ends within ${percent(worst).toFixed(1)} % of BF16's held-out loss`
        : 'From scratch not every recipe keeps a finite loss',
      subtitle: [
        several
          ? `dots: seeds; tick and bar: their mean and its 95 % t interval (${bf16.seeds.length} seeds)`
          : 'dot and tick: one seed',
        'grey: how far BF16 itself moves when its start is nudged by one rounding',
      ],
    },
    width: 560,
    height: { step: 26 },
    layer: [
      {
        data: { values: [{ from: -noise, to: noise }] },
        mark: { type: 'rect', color: '#d0d7de', opacity: 0.6 },
        encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' } },
      },
      {
        data: { values: [{ gap: 0 }] },
        mark: { type: 'rule', color: '#57606a' },
        encoding: { x: { ...x, field: 'gap' } },
      },
      {
        data: { values: means.filter((row) => finite(row) && row.low !== null) },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          x: { ...x, field: 'low' },
          x2: { field: 'high' },
          y,
          color: { ...colour(arms), legend: null },
        },
      },
      {
        data: { values: means.filter(finite) },
        mark: { type: 'tick', thickness: 3, size: 18 },
        encoding: { x: { ...x, field: 'gap' }, y, color: { ...colour(arms), legend: null } },
      },
      {
        data: { values: dots.filter(finite) },
        mark: { type: 'point', filled: true, size: 36, color: '#24292f', opacity: 0.75 },
        encoding: { x: { ...x, field: 'gap' }, y },
      },
    ],
  });
}

/** Small multiples: the gap over training, thin a seed, thick their mean. */
function trainingChart(
  comparisons: readonly Comparison[],
  training: readonly TrainingGap[],
  every: number,
): object {
  const arms = others(comparisons).map(({ arm }) => arm);
  const values = training
    .filter(({ gap }) => Number.isFinite(gap))
    .map(({ arm, ...row }) => ({ recipe: arm, ...row }));
  const x = overSteps({ tickCount: 4 });
  const y = {
    field: 'gap',
    type: 'quantitative',
    title: 'nats per byte',
    axis: { tickCount: 5 },
  };
  const color = { ...colour(arms), legend: null };
  const last = Math.max(...values.map(({ step }) => step));
  const lasting = arms
    .filter((arm) => arm !== NUDGED)
    .map((arm) => {
      const rows = values.filter(({ recipe, step }) => recipe === arm && step > last / 2);
      return Math.abs(rows.reduce((sum, { gap }) => sum + gap, 0) / rows.length);
    });
  return frame({
    title: {
      text: `Training loss less that of BF16 on the same batch: no lasting gap above ${ceil3(Math.max(...lasting))} nats per byte`,
      subtitle: `means of ${every} steps; thin: a seed, thick: their mean; lasting: mean of the second half`,
    },
    data: { values },
    facet: {
      field: 'recipe',
      type: 'nominal',
      sort: arms,
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 'bold' },
    },
    ...wrapped(arms.length, 4),
    spec: {
      width: 160,
      height: 110,
      layer: [
        { mark: { type: 'rule', color: '#57606a', strokeWidth: 0.5 }, encoding: { y: { datum: 0 } } },
        {
          mark: { type: 'line', strokeWidth: 0.8, opacity: 0.45, clip: true },
          encoding: { x, y, color, detail: { field: 'seed' } },
        },
        {
          mark: { type: 'line', strokeWidth: 2, clip: true },
          encoding: { x, y: { ...y, aggregate: 'mean' }, color },
        },
      ],
    },
  });
}

/** Rounded up to three decimals, so that the title stays true. */
const ceil3 = (value: number): string => (Math.ceil(value * 1000) / 1000).toFixed(3);
