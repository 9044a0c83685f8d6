/** @file The life of the channels of the largest SwiGLU output: norms, correlation, and that output. */
import { overSteps, panel, picture, quantity, shaded } from '../../charts/frame.ts';
import { layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import type { NamedNatural } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';
import type { Trace } from '../trace.ts';
import { shownRun } from './channel.ts';

type Points = Trace['points'];
type Value = (point: Points[number]) => number | null;

const SHADES = { gate: '#bf8700', up: '#0969da', correlation: '#0550ae', output: '#cf222e' };
const x = overSteps({ tickCount: 4, grid: false });
const color = shaded('series', SHADES, null);

/** A column a layer, chosen at the end. */
export function outlierChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const run = shownRun(settings, natural);
  const outliers = where(run.traces, { kind: 'outlier' });
  const zero = {
    mark: { type: 'rule', color: '#afb8c1', strokeDash: [4, 4] },
    data: { values: [{}] },
    encoding: { y: { datum: 0 } },
  };
  const domain = (pick: (point: Points[number]) => number): [number, number] => [
    0,
    1.1 * Math.max(...outliers.flatMap(({ points }) => points.map(pick))),
  ];
  const norms = { domain: domain(({ gateNorm, upNorm }) => Math.max(gateNorm, upNorm)) };
  const outputs = { domain: domain(({ peak }) => peak ?? 0) };
  const correlation = { scale: { domain: [-1, 1] }, axis: { values: [-1, 0, 1] } };
  const ends = outliers.map(({ points }) => Math.abs(points.at(-1)!.correlation));
  const rows = [
    outliers.map(({ layer: index, channel, points }, i) => ({
      title: { text: `layer ${index}, channel ${channel}`, anchor: 'middle', fontSize: 13, offset: 4 },
      ...plot(
        [...series(points, 'gate', (p) => p.gateNorm), ...series(points, 'up', (p) => p.upNorm)],
        { title: first(i, 'norm'), scale: norms },
        i === 0 ? [normNames(points, norms)] : [],
      ),
    })),
    outliers.map(({ points }, i) =>
      plot(
        series(points, 'correlation', (p) => p.correlation),
        { title: first(i, 'correlation'), ...correlation },
        [zero],
      ),
    ),
    outliers.map(({ points }, i) =>
      plot(
        series(points, 'output', (p) => p.peak),
        { title: first(i, 'largest output'), scale: outputs },
      ),
    ),
  ];
  return picture(
    `The channels of the largest SwiGLU output: |correlation| of gate and up ends at ${Math.min(...ends).toFixed(2)} to ${Math.max(...ends).toFixed(2)}`,
    [
      'chosen at the end in each layer and followed back; largest output: over the steps since the last point',
      `decay ${run.decay}, learning rate ${run.rate}, BF16, seed ${run.seed}, nothing planted`,
    ],
    { columns: outliers.length, concat: rows.flat() },
  );
}

const plot = (values: object[], y: object, below: object[] = []) =>
  panel(200, 110, [
    ...below,
    layer({ type: 'line', strokeWidth: 2 }, { x, y: quantity('value', y), color }, values),
  ]);

const series = (points: Points, name: keyof typeof SHADES, value: Value) =>
  points.map((point) => ({ step: point.step, series: name, value: value(point) }));

/** An axis is named in the first column only. */
const first = (index: number, text: string): string | null => (index === 0 ? text : null);

/** The names of the two norms at the end of their lines, the larger above. */
function normNames(points: Points, scale: object): object {
  const { step, gateNorm, upNorm } = points.at(-1)!;
  const gap = 0.16 * Math.max(gateNorm, upNorm);
  const sign = gateNorm >= upNorm ? 1 : -1;
  return layer(
    { type: 'text', align: 'right', fontWeight: 'bold', fontSize: 12 },
    { x, y: quantity('value', { scale }), text: { field: 'series' }, color },
    [
      { step, series: 'gate', value: gateNorm + sign * gap },
      { step, series: 'up', value: upNorm - sign * gap },
    ],
  );
}
