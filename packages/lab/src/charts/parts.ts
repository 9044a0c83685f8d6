/** @file Layers that the charts of several studies draw: rules, bands, dots, lines, tiles. */
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

/** A mark by its channels, of its own `values` or of the chart's. */
export const layer = (mark: object | string, encoding: object, values?: readonly object[]): object => ({
  ...(values && { data: { values } }),
  mark,
  encoding,
});

/** Dashed rules at the steps with the rare byte. */
export const spikeRules = (timing: { readonly steps: number; readonly spikeEvery: number }, x: object) =>
  layer(
    { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
    { x },
    Array.from({ length: Math.floor(timing.steps / timing.spikeEvery) }, (_, i) => ({
      step: (i + 1) * timing.spikeEvery,
    })),
  );

/** Where nothing is lost or gained, across the axis `along`. */
export const zeroLine = (along: 'x' | 'y', mark: object = { color: '#57606a', strokeWidth: 0.5 }): object =>
  layer({ type: 'rule', ...mark }, { [along]: { datum: 0 } });

/** A rule at `value` of the channel `x`. */
export const ruleAt = (x: { readonly field: string }, value: number, mark: object): object =>
  layer({ type: 'rule', ...mark }, { x }, [{ [x.field]: value }]);

/** What rounding alone does: from −`noise` to `noise`. */
export const noiseBand = (noise: number, along: 'x' | 'y', channel: object, opacity: number): object =>
  layer(
    { type: 'rect', color: '#d0d7de', opacity },
    { [along]: { ...channel, field: 'from' }, [`${along}2`]: { field: 'to' } },
    [{ from: -noise, to: noise }],
  );

/** A dot each: a seed, a run, a tensor. */
export const dots = (mark: object, encoding: object, values?: readonly object[]): object =>
  layer({ type: 'point', filled: true, ...mark }, encoding, values);

export const INK = { color: '#24292f' } as const;

/** Thin: a line a seed; thick: their mean. */
export const seedLines = (
  encoding: { readonly x: object; readonly y: object; readonly color: object },
  { opacity, strokeWidth, ...more }: { opacity: number; strokeWidth: number; clip?: true },
): object[] => [
  layer({ type: 'line', strokeWidth: 0.8, opacity, ...more }, { ...encoding, detail: { field: 'seed' } }),
  layer({ type: 'line', strokeWidth, ...more }, { ...encoding, y: { ...encoding.y, aggregate: 'mean' } }),
];

/** Text at the right of a place. */
export const label = (dx: number, mark: object, encoding: object, values?: readonly object[]): object =>
  layer({ type: 'text', align: 'left', dx, ...mark }, encoding, values);

/** Tiles coloured by `field`, its figures on them, white where `dark` says. */
export const heatMap = (
  field: string,
  { scale, format, dark, encoding = {} }: { scale: object; format: string; dark: string; encoding?: object },
): object[] => [
  layer('rect', { ...encoding, color: quantity(field, { scale, legend: null }) }),
  layer({ type: 'text', fontSize: 11 }, { ...encoding, text: quantity(field, { format }), color: ink(dark) }),
];
