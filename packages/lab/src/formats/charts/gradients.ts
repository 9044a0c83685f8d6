/** @file How much of the output gradients goes to zero: why they need a scale, and what E5M2's range buys. */
import { names, picture, quantity, WHOLE } from '../../charts/frame.ts';
import { mean } from '../../engine/numbers.ts';
import { where } from '../../engine/rows.ts';
import { nameOfFormat } from '../casts.ts';
import type { CastRow } from '../results.ts';
import { inOneLine, type ModelName, models, percent, type Scaling, scalings, sorted } from './parts.ts';

const formats = { e4m3: '#8c1d18', e4m3fn: '#cf222e', e5m2: '#1f6feb' } as const;
const shades = Object.fromEntries(
  Object.entries(formats).map(([name, shade]) => [nameOfFormat(name), shade]),
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
    Object.keys(formats).map((format) => {
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
