/** @file The study's pictures as Vega-Lite specifications. */
import { colour, names, overSteps, panel, panelsBy, picture, quantity, wrapped } from '../charts/frame.ts';
import { dots, INK, layer, noiseBand, ruleAt, seedLines, zeroLine } from '../charts/layers.ts';
import { mean } from '../engine/numbers.ts';
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
  const percent = (gap: number): number => (100 * gap) / mean(bf16.heldOut);
  const finite = (row: { gap: number }): boolean => Number.isFinite(row.gap);
  const points = shown.flatMap(({ arm, seeds, gaps }) =>
    gaps.map((gap, i) => ({ recipe: arm, seed: seeds[i]!, gap })),
  );
  const means = shown.map(({ arm, gap }) => {
    const [low, high] = gap.interval ?? [null, null];
    return { recipe: arm, gap: gap.mean, low, high };
  });
  const noise = Math.max(0, ...(shown.find(({ arm }) => arm === NUDGED)?.gaps.map(Math.abs) ?? []));
  const worst = Math.max(...means.filter(({ recipe }) => recipe !== NUDGED).map(({ gap }) => Math.abs(gap)));
  const x = {
    type: 'quantitative',
    title: 'held-out loss less that of bf16, nats per byte',
    axis: { tickCount: 6 },
    scale: { zero: true },
  };
  const gap = { ...x, field: 'gap' };
  const y = names('recipe', arms, { axis: { grid: true } });
  const color = colour(arms, null);
  return picture(
    Number.isFinite(worst)
      ? `From scratch every recipe ends within ${percent(worst).toFixed(1)} % of BF16's held-out loss`
      : 'From scratch not every recipe keeps a finite loss',
    [
      bf16.seeds.length > 1
        ? `dots: seeds; tick and bar: their mean and its 95 % t interval (${bf16.seeds.length} seeds)`
        : 'dot and tick: one seed',
      'grey: how far BF16 itself moves when its start is nudged by one rounding',
    ],
    panel(560, { step: 26 }, [
      noiseBand(noise, 'x', x, 0.6),
      ruleAt(gap, 0, { color: '#57606a' }),
      layer(
        { type: 'rule', strokeWidth: 2 },
        { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
        means.filter((row) => finite(row) && row.low !== null),
      ),
      layer({ type: 'tick', thickness: 3, size: 18 }, { x: gap, y, color }, means.filter(finite)),
      dots({ size: 36, ...INK, opacity: 0.75 }, { x: gap, y }, points.filter(finite)),
    ]),
  );
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
  const y = quantity('gap', { title: 'nats per byte', axis: { tickCount: 5 } });
  const last = Math.max(...values.map(({ step }) => step));
  const lasting = arms
    .filter((arm) => arm !== NUDGED)
    .map((arm) => values.filter(({ recipe, step }) => recipe === arm && step > last / 2))
    .map((rows) => Math.abs(mean(rows.map(({ gap }) => gap))));
  return picture(
    `Training loss less that of BF16 on the same batch: no lasting gap above ${ceil3(Math.max(...lasting))} nats per byte`,
    `means of ${every} steps; thin: a seed, thick: their mean; lasting: mean of the second half`,
    {
      data: { values },
      facet: panelsBy('recipe', arms),
      ...wrapped(arms.length, 4),
      spec: panel(160, 110, [
        zeroLine('y'),
        ...seedLines({ x, y, color: colour(arms, null) }, { opacity: 0.45, strokeWidth: 2, clip: true }),
      ]),
    },
  );
}

/** Rounded up to three decimals, so that the title stays true. */
const ceil3 = (value: number): string => (Math.ceil(value * 1000) / 1000).toFixed(3);
