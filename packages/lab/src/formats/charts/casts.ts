/** @file Formats by scalings: what is left of a model's tensors, in the middle and at worst; how much of gradients goes to zero. */
import { names, panelsBy, picture, quantity, WHOLE } from '../../charts/frame.ts';
import { heatMap } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { where } from '../../engine/rows.ts';
import { type Cast, nameOfFormat } from '../casts.ts';
import { type CastRow, least } from '../results.ts';
import {
  decibels,
  drawn,
  inOneLine,
  type ModelName,
  medianOf,
  models,
  percent,
  type Scaling,
  scalings,
  sorted,
} from './parts.ts';

const formats = ['e4m3fn', 'e4m3', 'e4m3fnuz', 'e5m2', 'e5m2fnuz', 'e2m1'];
const operands = { input: 'inputs', weight: 'weights', grad: 'output gradients' } as const;

/** SQNR of whole tensors, the median. */
export function sqnrChart(rows: readonly CastRow[], model: ModelName): object {
  const middle = (wanted: Partial<Cast>) => medianOf(where(rows, wanted), ({ sqnr }) => sqnr);
  const tensor = { granularity: 'tensor', policy: 'current' } as const;
  const bit = middle({ format: 'e4m3fn', ...tensor }) - middle({ format: 'e5m2', ...tensor });
  const finer = middle({ format: 'e4m3fn', granularity: '1x128', policy: 'current' });
  const gain = finer - middle({ format: 'e4m3fn', ...tensor });
  return picture(
    `A bit of mantissa is worth ${decibels(bit)}, a scale per 1×128 block instead of one a tensor ${decibels(gain)}`,
    `signal to quantisation noise in dB: median of ${models[model]}’s tensors`,
    panels(rows, (those) => drawn(medianOf(those, ({ sqnr }) => sqnr))),
  );
}

/** SQNR of the median row of the worst tensor. */
export function worstChart(rows: readonly CastRow[], model: ModelName): object {
  const worst = (wanted: Partial<Cast>) =>
    least(where(rows, { format: 'e4m3fn', operand: 'input', ...wanted }).map(({ rowSqnr }) => rowSqnr));
  const whole = worst({ granularity: 'tensor', policy: 'delayed' });
  const blocks = worst({ granularity: 'mx32', policy: 'current-p2' });
  return picture(
    `The worst input keeps ${decibels(whole)} under one delayed scale, ${decibels(blocks)} in MX blocks (E4M3 448)`,
    `signal to quantisation noise in dB of a tensor’s median row: worst of ${models[model]}’s tensors`,
    panels(rows, (those) => drawn(least(those.map(({ rowSqnr }) => rowSqnr)))),
  );
}

function panels(rows: readonly CastRow[], cellOf: (rows: CastRow[]) => number): object {
  const values = Object.entries(operands).flatMap(([operand, panel]) =>
    formats.flatMap((format) =>
      scalings.flatMap(({ name, granularity, policy }) => {
        const those = where(rows, { operand: operand as 'input', format, granularity, policy });
        if (those.length === 0) return [];
        return [{ operand: panel, format: nameOfFormat(format), scale: name, dB: cellOf(those) }];
      }),
    ),
  );
  const labels = { labelAngle: 0, labelFontSize: 10, labelOverlap: false };
  const x = names(
    'scale',
    scalings.map(({ name }) => name),
    { title: 'one scale per', axis: { ...labels, labelExpr: "split(datum.label, '|')", ...WHOLE } },
  );
  const scale = { domain: [0, 20, 35], range: ['#cf222e', '#f6f8fa', '#1f6feb'] };
  return {
    data: { values },
    facet: {
      column: panelsBy('operand', Object.values(operands), { labelFontSize: 13, labelFontWeight: 'bold' }),
    },
    spec: {
      width: { step: 47 },
      height: { step: 26 },
      encoding: { x, y: names('format', formats.map(nameOfFormat)) },
      layer: heatMap('dB', {
        scale: { ...scale, interpolate: 'rgb', clamp: true },
        format: '.0f',
        dark: 'datum.dB < 7 || datum.dB > 28',
      }),
    },
  };
}

const COLOURS = { e4m3: '#8c1d18', e4m3fn: '#cf222e', e5m2: '#1f6feb' } as const;
const shades = Object.fromEntries(
  Object.entries(COLOURS).map(([name, shade]) => [nameOfFormat(name), shade]),
);
/** Shares below it are drawn there. */
const FLOOR = 1e-7;

export function gradientChart(rows: readonly CastRow[], model: ModelName): object {
  const ways: readonly Scaling[] = [
    { name: 'nothing (scale 1)', granularity: 'tensor', policy: 'fixed' },
    ...scalings.map((scaling) => ({ ...scaling, name: inOneLine(scaling.name) })),
  ];
  const share = (format: string, { granularity, policy }: Omit<Scaling, 'name'>): number =>
    mean(where(rows, { operand: 'grad', format, granularity, policy }).map((row) => row.underflowed));
  const values = ways.flatMap((way) =>
    Object.keys(COLOURS).map((format) => {
      return { scale: way.name, format: nameOfFormat(format), share: Math.max(FLOOR, share(format, way)) };
    }),
  );
  const [none, current] = [ways[0]!, ways[2]!];
  const both = (way: Scaling) =>
    `${percent(share('e4m3fn', way))} in E4M3 448, ${percent(share('e5m2', way))} in E5M2`;
  return picture(
    `Gradients need a scale: without one ${both(none)} goes to zero`,
    `with one current scale a tensor ${both(current)}; mean of ${models[model]}’s output gradients`,
    {
      width: 520,
      height: { step: 28 },
      data: { values },
      mark: { type: 'point', filled: true, size: 110, opacity: 0.85 },
      encoding: {
        x: quantity('share', {
          title: 'share of elements flushed to zero (at the left edge: 0.00001 % or less)',
          scale: { type: 'log', domain: [FLOOR, 1] },
          axis: {
            values: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1],
            labelFlush: false,
            labelExpr: "format(100 * datum.value, '.1~r') + ' %'",
          },
        }),
        y: names(
          'scale',
          ways.map(({ name }) => name),
          { title: 'one scale per', axis: WHOLE },
        ),
        color: sorted('format', shades),
      },
    },
  );
}
