/** @file Layers that the charts of several studies draw: rules, bands, dots, lines, tiles. */
import { ink, quantity } from './frame.ts';

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
