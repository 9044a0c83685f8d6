/** @file The study's pictures as Vega-Lite specifications, but those of gaps. */
import { colour, overSteps, panel, panelsBy, picture, quantity } from '../../charts/frame.ts';
import { dots, layer, spikeRules } from '../../charts/layers.ts';
import { distinct, where } from '../../engine/rows.ts';
import { type Column, columns, meanError } from '../product.ts';
import type { DoseGap, Gap, Results } from '../results.ts';
import type { InstabilitySettings } from '../settings.ts';
import { doseChart, gapChart } from './gaps.ts';

export function chartsOf(
  settings: InstabilitySettings,
  gaps: readonly Gap[],
  doses: readonly DoseGap[],
  { runs, products }: Results,
): Record<string, object> {
  return {
    losses: lossChart(settings, gaps),
    gaps: gapChart(settings, gaps),
    underflows: underflowChart(settings, runs),
    ...(doses.length > 0 && { doses: doseChart(settings, doses) }),
    ...(products.length > 0 && { product: productChart(products) }),
  };
}

const steps = overSteps({ grid: false, tickCount: 8, labelFlush: false });

/** Recipes that lie on one another are drawn thick to thin, bf16 dashed on top. */
const widths: Readonly<Record<string, number>> = { 'fp8-w3-bf16': 4.5, 'fp8-smooth': 2.6, bf16: 1.3 };

/** Loss by step of the first seed: the paper's loss curves in small. Harmless recipes lie on bf16, dashed on top of them. */
function lossChart(settings: InstabilitySettings, gaps: readonly Gap[]): object {
  const seed = gaps[0]?.seed;
  const own = gaps.filter((gap) => gap.seed === seed && gap.arm === 'aged');
  const shown = ['fp8', 'fp8-240', 'fp8-w3-bf16', 'fp8-smooth', 'bf16'].filter((recipe) =>
    gaps.some((g) => g.arm === 'aged' && g.recipe === recipe),
  );
  const legend = { title: 'recipe', symbolType: 'stroke', symbolStrokeWidth: 2.5 };
  const encoding = {
    x: steps,
    y: quantity('loss', { title: 'nats per byte', scale: { zero: false } }),
    color: colour(shown, legend),
    strokeDash: {
      ...{ field: 'recipe', type: 'nominal', sort: shown },
      scale: { domain: shown, range: shown.map((name) => (name === 'bf16' ? [5, 4] : [1, 0])) },
      legend,
    },
  };
  const largest = (recipe: string): number | undefined => where(own, { recipe })[0]?.largestGap;
  return picture(
    lossTitle(largest('fp8'), largest('fp8-smooth')),
    `from an aged checkpoint, seed ${seed}; grey: steps with the rare byte on which the outliers fire`,
    panel(640, 280, [
      spikeRules(settings, steps),
      ...shown.map((recipe) =>
        layer(
          { type: 'line', strokeWidth: widths[recipe] ?? 1.6 },
          encoding,
          where(own, { recipe }).flatMap(({ losses }) =>
            losses.map((loss, i) => ({ recipe, step: i + 1, loss })),
          ),
        ),
      ),
    ]),
  );
}

function lossTitle(fp8: number | undefined, smooth: number | undefined): string {
  if (fp8 === undefined) return 'Loss from an aged checkpoint';
  const words = Number.isFinite(fp8) ? `FP8 loses up to ${fp8.toFixed(2)} nats` : 'FP8 breaks';
  return smooth === undefined || !Number.isFinite(smooth)
    ? words
    : `${words}; with Smooth-SwiGLU it stays within ${smooth.toFixed(3)} of BF16`;
}

/** Share of SwiGLU's outputs that the cast flushes to zero, layer by step. */
function underflowChart({ recipes, spikeEvery }: InstabilitySettings, runs: Results['runs']): object {
  const seed = runs[0]?.seed;
  const shown = ['fp8', 'fp8-smooth', 'fp8-smooth-token'].filter((recipe) => recipes.includes(recipe));
  const values = runs
    .filter((run) => run.seed === seed && run.arm === 'aged' && shown.includes(run.recipe))
    .flatMap(({ recipe, casts }) =>
      casts.map(({ step, layer: index, underflows }) => {
        return { recipe, from: step - 0.5, to: step + 0.5, layer: `layer ${index}`, underflows };
      }),
    );
  const most = (recipe: string): number =>
    Math.max(0, ...where(values, { recipe }).map(({ underflows }) => underflows));
  const ends = shown.map((recipe) => `${(100 * most(recipe)).toPrecision(2)} % in ${recipe}`);
  const header = { labelAngle: 0, labelAlign: 'left', labelFontSize: 12, labelPadding: 14 };
  const legend = { title: 'flushed to zero', orient: 'bottom', gradientLength: 300, format: '.0%' };
  return picture(
    `SwiGLU’s outputs that become zero, at most: ${ends.join(', ')}`,
    `share flushed by the cast, seed ${seed}; the rare byte comes at every ${spikeEvery}th step`,
    {
      data: { values },
      facet: { row: panelsBy('recipe', shown, header) },
      spec: {
        width: 640,
        height: { step: 18 },
        mark: { type: 'rect', stroke: null },
        encoding: {
          x: { ...steps, field: 'from', scale: { zero: false, nice: false } },
          x2: { field: 'to' },
          y: { field: 'layer', type: 'ordinal', title: null },
          color: quantity('underflows', { scale: { domain: [0, 1], scheme: 'orangered' }, legend }),
        },
      },
    },
  );
}

const TITLES: Readonly<Record<Column, string>> = {
  ordinary: 'its down column is ordinary',
  small: 'its down column is small, as in the aged channels',
};

/** Error by the outlier's size, a panel for each kind of column; a line a recipe (mean of the seeds), a dot a seed. */
function productChart(products: Results['products']): object {
  const recipes = distinct(products, 'recipe');
  const outliers = distinct(products, 'outlier');
  const seeds = distinct(products, 'seed');
  const errorsOf = (recipe: string, column: Column, outlier: number): number[] =>
    seeds.map((seed) => meanError(products, { seed, recipe, column, outlier }));
  const x = quantity('outlier', {
    title: 'output of one channel on one token',
    scale: { type: 'log' },
    axis: { values: outliers, format: '.0e', grid: false },
  });
  const y = quantity('error', {
    title: 'error of the other tokens',
    scale: { type: 'log', domain: [0.01, 1] },
    axis: { values: [0.01, 0.03, 0.1, 0.3, 1], format: '~g' },
  });
  const color = colour(recipes, { title: 'recipe', symbolType: 'circle', symbolOpacity: 1 });
  const panel = (column: Column): object => ({
    title: { text: TITLES[column], fontSize: 12, fontWeight: 'normal' },
    width: 300,
    height: 240,
    data: {
      values: recipes.flatMap((recipe) =>
        outliers.flatMap((outlier) =>
          errorsOf(recipe, column, outlier).map((error) => ({ recipe, outlier, error })),
        ),
      ),
    },
    layer: [layer('line', { x, y: { ...y, aggregate: 'mean' }, color }), dots({}, { x, y, color })],
  });
  const worst = (recipe: string, column: Column): string =>
    Math.max(...errorsOf(recipe, column, Math.max(...outliers))).toPrecision(2);
  const both = recipes.includes('fp8-smooth') && recipes.includes('fp8-smooth-folded');
  return picture(
    both
      ? `Folded, Smooth-SwiGLU loses up to ${worst('fp8-smooth-folded', 'ordinary')}, or ${worst('fp8-smooth-folded', 'small')} where the column is small; by the equation ${worst('fp8-smooth', 'ordinary')}`
      : 'What one outlier takes from the other tokens',
    'one product of down, relative error; scales from this product; dots: seeds',
    { hconcat: columns.map(panel) },
    { subtitleColor: '#57606a' },
  );
}
