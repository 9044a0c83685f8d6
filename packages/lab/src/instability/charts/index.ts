/** @file The study's pictures as Vega-Lite specifications. */

import { signed } from '@octavo/report/charts';
import { colour, frame, overSteps } from '../../charts/parts.ts';
import type { DoseGap, Gap } from '../gaps.ts';
import type { Results } from '../results.ts';
import type { InstabilitySettings } from '../settings.ts';
import { productChart } from './product.ts';

export function chartsOf(
  settings: InstabilitySettings,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  { runs, products }: Results,
): Record<string, object> {
  const charts: Record<string, object> = {
    losses: lossChart(settings, gaps),
    gaps: gapChart(settings, gaps),
    underflows: underflowChart(settings, runs),
  };
  if (doses.length > 0) charts.doses = doseChart(settings, doses);
  if (products.length > 0) charts.product = productChart(products);
  return charts;
}

/** Loss by step of the first seed: the paper's loss curves in small. Harmless recipes lie on bf16, dashed on top of them. */
function lossChart({ steps, spikeEvery }: InstabilitySettings, gaps: readonly Gap[]): object {
  const seed = gaps[0]?.seed;
  const shown = ['fp8', 'fp8-240', 'fp8-w3-bf16', 'fp8-smooth', 'bf16'].filter((recipe) =>
    gaps.some((g) => g.arm === 'aged' && g.recipe === recipe),
  );
  const spikes = Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
    step: (i + 1) * spikeEvery,
  }));
  const largest = (recipe: string): number | undefined =>
    gaps.find((g) => g.seed === seed && g.arm === 'aged' && g.recipe === recipe)?.largestGap;
  const x = overSteps({ grid: false, tickCount: 8, labelFlush: false });
  const legend = { title: 'recipe', symbolType: 'stroke', symbolStrokeWidth: 2.5 };
  // Those that lie on one another are drawn thick to thin, bf16 dashed on top.
  const marks = { 'fp8-w3-bf16': { strokeWidth: 4.5 }, 'fp8-smooth': { strokeWidth: 2.6 } };
  const markOf = (recipe: string): object =>
    recipe === 'bf16'
      ? { strokeWidth: 1.3 }
      : ((marks as Readonly<Record<string, object>>)[recipe] ?? { strokeWidth: 1.6 });
  const lines = shown.map((recipe) => ({
    data: {
      values: gaps
        .filter((g) => g.seed === seed && g.arm === 'aged' && g.recipe === recipe)
        .flatMap(({ losses }) => losses.map((loss, i) => ({ recipe, step: i + 1, loss }))),
    },
    mark: { type: 'line', ...markOf(recipe) },
    encoding: {
      x,
      y: { field: 'loss', type: 'quantitative', title: 'nats per byte', scale: { zero: false } },
      color: { ...colour(shown), legend },
      strokeDash: {
        field: 'recipe',
        type: 'nominal',
        sort: shown,
        scale: { domain: shown, range: shown.map((name) => (name === 'bf16' ? [5, 4] : [1, 0])) },
        legend,
      },
    },
  }));
  return frame({
    title: {
      text: lossTitle(largest('fp8'), largest('fp8-smooth')),
      subtitle: `from an aged checkpoint, seed ${seed}; grey: steps with the rare byte on which the outliers fire`,
    },
    width: 640,
    height: 280,
    layer: [
      {
        data: { values: spikes },
        mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
        encoding: { x },
      },
      ...lines,
    ],
  });
}

function lossTitle(fp8: number | undefined, smooth: number | undefined): string {
  if (fp8 === undefined) return 'Loss from an aged checkpoint';
  const words = Number.isFinite(fp8) ? `FP8 loses up to ${fp8.toFixed(2)} nats` : 'FP8 breaks';
  return smooth === undefined || !Number.isFinite(smooth)
    ? words
    : `${words}; with Smooth-SwiGLU it stays within ${smooth.toFixed(3)} of BF16`;
}

/** Where the scale of gaps turns from linear to logarithmic: a harmless gap is about as large. */
const QUIET = 0.001;
/** Ticks for gaps between `low` and `high` on that scale. */
const gapTicks = (low: number, high: number): number[] => {
  const sizes = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  return [...sizes.map((size) => -size).reverse(), 0, ...sizes].filter(
    (tick) => tick >= Math.min(0, low * 1.2) && tick <= high * 1.2,
  );
};
const gapAxis = (gaps: readonly number[]) => ({
  type: 'quantitative',
  scale: { type: 'symlog', constant: QUIET },
  axis: { values: gapTicks(Math.min(...gaps), Math.max(...gaps)), format: '~g' },
});

/** A bar a recipe (mean of the seeds), a dot a seed; the mean in figures, since harmless gaps differ by thousandths. */
function gapChart({ recipes, steps }: InstabilitySettings, gaps: readonly Gap[]): object {
  const shown = recipes.filter((recipe) => recipe !== 'bf16');
  const values = gaps
    .filter((g) => g.arm === 'aged' && shown.includes(g.recipe) && Number.isFinite(g.lastGap))
    .map(({ recipe, seed, lastGap }) => ({ recipe, seed, gap: lastGap }));
  const means = shown.map((recipe) => {
    const own = values.filter((value) => value.recipe === recipe).map(({ gap }) => gap);
    const broke = gaps.filter((g) => g.arm === 'aged' && g.recipe === recipe).length - own.length;
    const gap = own.length === 0 ? 0 : own.reduce((a, b) => a + b, 0) / own.length;
    const label = [own.length > 0 ? signed(gap) : '', broke > 0 ? `${broke} broke` : ''];
    return { recipe, gap, end: Math.max(0, ...own), label: label.filter((part) => part !== '').join(', ') };
  });
  const half = steps - Math.floor(steps / 2);
  const x = {
    ...gapAxis(values.map(({ gap }) => gap)),
    title: `nats per byte above bf16, mean of the last ${half} steps; logarithmic beyond ${QUIET}`,
  };
  const y = { field: 'recipe', type: 'nominal', sort: shown, title: null };
  return frame({
    title: {
      text: gapTitle(means),
      subtitle: 'bars and figures: mean of the seeds; dots: seeds',
    },
    width: 560,
    height: { step: 26 },
    layer: [
      {
        data: { values: means },
        mark: { type: 'bar', opacity: 0.75 },
        encoding: { x: { ...x, field: 'gap' }, y, color: { ...colour(shown), legend: null } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, color: '#24292f' },
        encoding: { x: { ...x, field: 'gap' }, y },
      },
      {
        data: { values: means },
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 12 },
        encoding: { x: { ...x, field: 'end' }, y, text: { field: 'label' } },
      },
    ],
  });
}

function gapTitle(means: readonly { readonly recipe: string; readonly gap: number }[]): string {
  const of = (recipe: string): number | undefined => means.find((mean) => mean.recipe === recipe)?.gap;
  const [fp8, smooth] = [of('fp8'), of('fp8-smooth')];
  if (fp8 === undefined || smooth === undefined || smooth <= 0)
    return 'How far each recipe falls behind BF16';
  return `FP8 falls ${fp8.toFixed(2)} behind BF16, with Smooth-SwiGLU ${smooth.toFixed(4)}: ${Math.round(fp8 / smooth)} times less`;
}

/** Share of SwiGLU's outputs that the cast flushes to zero, layer by step. */
function underflowChart({ recipes, spikeEvery }: InstabilitySettings, runs: Results['runs']): object {
  const seed = runs[0]?.seed;
  const shown = ['fp8', 'fp8-smooth', 'fp8-smooth-token'].filter((recipe) => recipes.includes(recipe));
  const values = runs
    .filter((run) => run.seed === seed && run.arm === 'aged' && shown.includes(run.recipe))
    .flatMap(({ recipe, casts }) =>
      casts.map(({ step, layer, underflows }) => ({
        recipe,
        from: step - 0.5,
        to: step + 0.5,
        layer: `layer ${layer}`,
        underflows,
      })),
    );
  const most = (recipe: string): number =>
    Math.max(0, ...values.filter((value) => value.recipe === recipe).map(({ underflows }) => underflows));
  const ends = shown.map((recipe) => `${(100 * most(recipe)).toPrecision(2)} % in ${recipe}`);
  return frame({
    title: {
      text: `SwiGLU’s outputs that become zero, at most: ${ends.join(', ')}`,
      subtitle: `share flushed by the cast, seed ${seed}; the rare byte comes at every ${spikeEvery}th step`,
    },
    data: { values },
    facet: {
      row: {
        field: 'recipe',
        type: 'nominal',
        sort: shown,
        title: null,
        header: { labelAngle: 0, labelAlign: 'left', labelFontSize: 12, labelPadding: 14 },
      },
    },
    spec: {
      width: 640,
      height: { step: 18 },
      mark: { type: 'rect', stroke: null },
      encoding: {
        x: {
          ...overSteps({ grid: false, tickCount: 8, labelFlush: false }),
          field: 'from',
          scale: { zero: false, nice: false },
        },
        x2: { field: 'to' },
        y: { field: 'layer', type: 'ordinal', title: null },
        color: {
          field: 'underflows',
          type: 'quantitative',
          scale: { domain: [0, 1], scheme: 'orangered' },
          legend: { title: 'flushed to zero', orient: 'bottom', gradientLength: 300, format: '.0%' },
        },
      },
    },
  });
}

/** Mean gap of forward passes by the planted channels' output. */
function doseChart({ doseRecipes }: InstabilitySettings, doses: readonly DoseGap[]): object {
  const finite = doses.filter(({ gap }) => Number.isFinite(gap));
  const encoding = {
    x: {
      field: 'peak',
      type: 'quantitative',
      title: 'output of the planted channels on the rare byte',
      scale: { type: 'log' },
      axis: { values: [...new Set(doses.map(({ peak }) => peak))], format: '~s', grid: false },
    },
    color: { ...colour(doseRecipes), legend: { title: 'recipe', symbolType: 'circle', symbolOpacity: 1 } },
  };
  const y = {
    ...gapAxis(finite.map(({ gap }) => gap)),
    title: `nats per byte above bf16 (log beyond ${QUIET})`,
  };
  return frame({
    title: {
      text: doseTitle(finite),
      subtitle: 'no training: forward passes only; dots: seeds',
    },
    width: 560,
    height: 280,
    data: { values: finite },
    layer: [
      { mark: 'line', encoding: { ...encoding, y: { ...y, field: 'gap', aggregate: 'mean' } } },
      { mark: { type: 'point', filled: true }, encoding: { ...encoding, y: { ...y, field: 'gap' } } },
    ],
  });
}

function doseTitle(doses: readonly DoseGap[]): string {
  const most = (recipe: string): number =>
    Math.max(...doses.filter((d) => d.recipe === recipe).map(({ gap }) => gap));
  const [fp8, smooth] = [most('fp8'), most('fp8-smooth')];
  if (!Number.isFinite(fp8) || !Number.isFinite(smooth))
    return 'The larger the planted outlier, the larger the harm';
  return `The larger the planted outlier, the larger FP8’s harm, up to ${fp8.toFixed(2)}; with Smooth-SwiGLU at most ${smooth.toFixed(4)}`;
}
