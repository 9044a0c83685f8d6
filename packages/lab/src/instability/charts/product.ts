/** @file The picture of one product of `down`: what each form of Smooth-SwiGLU keeps of the tokens without the outlier. */
import { colour, frame } from '../../charts/parts.ts';
import { type Column, columns, meanError } from '../product.ts';
import type { Results } from '../results.ts';

const TITLES: Readonly<Record<Column, string>> = {
  ordinary: 'its down column is ordinary',
  small: 'its down column is small, as in the aged channels',
};

/** Error by the outlier's size, a panel for each kind of column; a line a recipe (mean of the seeds), a dot a seed. */
export function productChart(products: Results['products']): object {
  const recipes = [...new Set(products.map(({ recipe }) => recipe))];
  const outliers = [...new Set(products.map(({ outlier }) => outlier))];
  const seeds = [...new Set(products.map(({ seed }) => seed))];
  const points = (column: Column) =>
    recipes.flatMap((recipe) =>
      outliers.flatMap((outlier) =>
        seeds.map((seed) => ({
          recipe,
          outlier,
          error: meanError(products, { seed, recipe, column, outlier }),
        })),
      ),
    );
  const x = {
    field: 'outlier',
    type: 'quantitative',
    title: 'output of one channel on one token',
    scale: { type: 'log' },
    axis: { values: outliers, format: '.0e', grid: false },
  };
  const y = {
    field: 'error',
    type: 'quantitative',
    title: 'error of the other tokens',
    scale: { type: 'log', domain: [0.01, 1] },
    axis: { values: [0.01, 0.03, 0.1, 0.3, 1], format: '~g' },
  };
  const color = { ...colour(recipes), legend: { title: 'recipe', symbolType: 'circle', symbolOpacity: 1 } };
  const panel = (column: Column): object => ({
    title: { text: TITLES[column], fontSize: 12, fontWeight: 'normal' },
    width: 300,
    height: 240,
    data: { values: points(column) },
    layer: [
      { mark: 'line', encoding: { x, y: { ...y, aggregate: 'mean' }, color } },
      { mark: { type: 'point', filled: true }, encoding: { x, y, color } },
    ],
  });
  const largest = Math.max(...outliers);
  const worst = (recipe: string, column: Column): string =>
    Math.max(
      ...seeds.map((seed) => meanError(products, { seed, recipe, column, outlier: largest })),
    ).toPrecision(2);
  const both = recipes.includes('fp8-smooth') && recipes.includes('fp8-smooth-folded');
  return frame({
    title: {
      text: both
        ? `Folded, Smooth-SwiGLU loses up to ${worst('fp8-smooth-folded', 'ordinary')}, or ${worst('fp8-smooth-folded', 'small')} where the column is small; by the equation ${worst('fp8-smooth', 'ordinary')}`
        : 'What one outlier takes from the other tokens',
      subtitle: 'one product of down, relative error; scales from this product; dots: seeds',
      subtitleColor: '#57606a',
    },
    hconcat: columns.map(panel),
  });
}
