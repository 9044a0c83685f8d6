/** @file What a chart shows by places and colours, as channels of Vega-Lite. */
import { colours, quantity } from '@octavo/report/charts';

export { quantity };

/** Names along an axis, in this order; null: as they come. */
export const names = (field: string, sort: readonly string[] | null, more: object = {}) => ({
  ...{ field, type: 'nominal', sort, title: null },
  ...more,
});

/** The axis of steps: whole numbers. */
export const overSteps = (axis: object = {}): object =>
  quantity('step', { title: 'step', axis: { tickMinStep: 1, format: ',d', ...axis } });

/** The legend of a colour, below the picture. */
export const below = (more: object = {}): object => ({ title: null, orient: 'bottom', ...more });

/** A colour for each name of `shades`. */
export const shaded = (field: string, shades: Readonly<Record<string, string>>, legend: object | null) => ({
  ...{ field, type: 'nominal' },
  scale: { domain: Object.keys(shades), range: Object.values(shades) },
  legend,
});

/** The colour that a recipe has in all pictures, in the order given. */
export const colour = (recipes: readonly string[], legend: object | null = { title: 'recipe' }) => ({
  ...{ field: 'recipe', type: 'nominal', sort: recipes },
  scale: { domain: recipes, range: recipes.map((recipe) => colours[recipe] ?? '#000') },
  legend,
});

/** Names are never cut: without a canvas their width is only estimated, and too large. */
export const WHOLE = { labelLimit: 1000 } as const;

/** Ink on a coloured tile: white where `test` says that it is dark. */
export const ink = (test: string): object => ({ condition: { test, value: 'white' }, value: '#24292f' });
