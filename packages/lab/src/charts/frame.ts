/** @file A picture and its panels, and what it shows by places and colours, as parts of Vega-Lite specifications. */
import { colours, frame, quantity } from '@octavo/report/charts';

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

/** What it says, in one sentence, and how it was made; `more` of the title. */
export const picture = (
  text: string,
  subtitle: string | readonly string[],
  spec: object,
  more: object = {},
): object => frame({ title: { text, subtitle, ...more }, ...spec });

/** Layers over one another, `width` by `height`: pixels, or so much a step. */
export const panel = (
  width: number | { readonly step: number },
  height: number | { readonly step: number; readonly for?: 'position' },
  layers: readonly object[],
): object => ({ width, height, layer: layers });

/** Panels wrapped after `columns`; where the last row is not full every panel has its own axis, and none stands alone. */
export const wrapped = (panels: number, columns: number): object => ({
  columns,
  ...(panels % columns === 0 ? {} : { resolve: { axis: { x: 'independent' } } }),
});

/** A panel each, in this order, its name above. */
export const panelsBy = (
  field: string,
  sort: readonly string[],
  header: object = { labelFontSize: 12, labelFontWeight: 'bold' },
): object => ({ field, type: 'nominal', sort, title: null, header });
