/** @file The study's pictures as Vega-Lite specifications. */
import { colour, frame } from '../charts.ts';
import type { DoseGap, Gap } from './gaps.ts';
import type { Results } from './index.ts';
import type { InstabilitySettings } from './settings.ts';

export function chartsOf(
  settings: InstabilitySettings,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  { runs }: Results,
): Record<string, object> {
  const charts: Record<string, object> = {
    losses: lossChart(settings, gaps),
    gaps: gapChart(settings, gaps),
    underflows: underflowChart(settings, runs),
  };
  if (doses.length > 0) charts.doses = doseChart(settings, doses);
  return charts;
}

/** Loss by step of the first seed: the paper's loss curves in small. */
function lossChart({ steps, spikeEvery }: InstabilitySettings, gaps: readonly Gap[]): object {
  const seed = gaps[0]?.seed;
  const shown = ['fp8', 'fp8-240', 'fp8-w3-bf16', 'fp8-smooth', 'bf16'].filter((recipe) =>
    gaps.some((g) => g.arm === 'aged' && g.recipe === recipe),
  );
  const values = gaps
    .filter((g) => g.seed === seed && g.arm === 'aged' && shown.includes(g.recipe))
    .flatMap(({ recipe, losses }) => losses.map((loss, i) => ({ recipe, step: i + 1, loss })));
  const spikes = Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
    step: (i + 1) * spikeEvery,
  }));
  return frame({
    title: `Loss from an aged checkpoint (seed ${seed}); dashed: steps with the rare byte`,
    width: 640,
    height: 280,
    layer: [
      {
        data: { values: spikes },
        mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
        encoding: { x: { field: 'step', type: 'quantitative' } },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1.6 },
        encoding: {
          x: { field: 'step', type: 'quantitative', title: 'step' },
          y: { field: 'loss', type: 'quantitative', title: 'nats per byte', scale: { zero: false } },
          color: colour(shown),
        },
      },
    ],
  });
}

/** A bar a recipe (mean of the seeds), a dot a seed. */
function gapChart({ recipes, steps }: InstabilitySettings, gaps: readonly Gap[]): object {
  const shown = recipes.filter((recipe) => recipe !== 'bf16');
  const values = gaps
    .filter((g) => g.arm === 'aged' && shown.includes(g.recipe) && Number.isFinite(g.lastGap))
    .map(({ recipe, seed, lastGap }) => ({ recipe, seed, gap: lastGap }));
  const x = {
    type: 'quantitative',
    title: `loss less that of bf16, nats per byte, mean of the last ${steps - Math.floor(steps / 2)} steps`,
  };
  const y = { field: 'recipe', type: 'nominal', sort: shown, title: null };
  return frame({
    title: 'How far each recipe falls behind BF16 (dots: seeds)',
    width: 560,
    height: { step: 26 },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', opacity: 0.75 },
        encoding: {
          x: { ...x, field: 'gap', aggregate: 'mean' },
          y,
          color: { ...colour(shown), legend: null },
        },
      },
      { mark: { type: 'point', filled: true, color: '#24292f' }, encoding: { x: { ...x, field: 'gap' }, y } },
    ],
  });
}

/** Share of SwiGLU's outputs that the cast flushes to zero, layer by step. */
function underflowChart({ recipes }: InstabilitySettings, runs: Results['runs']): object {
  const seed = runs[0]?.seed;
  const shown = ['fp8', 'fp8-smooth', 'fp8-smooth-token'].filter((recipe) => recipes.includes(recipe));
  const values = runs
    .filter((run) => run.seed === seed && run.arm === 'aged' && shown.includes(run.recipe))
    .flatMap(({ recipe, casts }) =>
      casts.map(({ step, layer, underflows }) => ({ recipe, step, layer: `layer ${layer}`, underflows })),
    );
  return frame({
    title: `Share of SwiGLU's outputs flushed to zero by the cast (seed ${seed})`,
    data: { values },
    facet: { row: { field: 'recipe', type: 'nominal', sort: shown, title: null } },
    spec: {
      width: 640,
      height: { step: 18 },
      mark: 'rect',
      encoding: {
        x: {
          field: 'step',
          type: 'ordinal',
          title: 'step',
          axis: { labelOverlap: true, labelAngle: 0, ticks: false },
        },
        y: { field: 'layer', type: 'ordinal', title: null },
        color: {
          field: 'underflows',
          type: 'quantitative',
          scale: { domain: [0, 1], scheme: 'orangered' },
          legend: { title: 'flushed', orient: 'bottom', gradientLength: 300, format: '.0%' },
        },
      },
    },
  });
}

/** Mean gap of forward passes by the planted channels' output. */
function doseChart({ doseRecipes }: InstabilitySettings, doses: readonly DoseGap[]): object {
  const encoding = {
    x: {
      field: 'peak',
      type: 'quantitative',
      title: 'output of the planted channels on the rare byte',
      scale: { type: 'log' },
      axis: { format: '.0e' },
    },
    color: colour(doseRecipes),
  };
  const y = { type: 'quantitative', title: 'loss less that of bf16, nats per byte' };
  return frame({
    title: 'The larger the planted outlier, the larger the harm (no training; dots: seeds)',
    width: 560,
    height: 280,
    data: { values: doses.filter(({ gap }) => Number.isFinite(gap)) },
    layer: [
      { mark: 'line', encoding: { ...encoding, y: { ...y, field: 'gap', aggregate: 'mean' } } },
      { mark: { type: 'point', filled: true }, encoding: { ...encoding, y: { ...y, field: 'gap' } } },
    ],
  });
}
