/** @file Single channels: the scatter and histogram of the most aligned one, early and late; the life of those of the largest output. */
import { signed } from '@octavo/report/charts';
import { overSteps, panel, picture, quantity, shaded } from '../../charts/frame.ts';
import { dots, layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import type { Trace } from '../channels.ts';
import { type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';

/** The first seed's run at the compared point, where alignment is strongest. */
export const shownRun = ({ compared }: AlignmentSettings, natural: readonly NamedNatural[]): NamedNatural =>
  runsAt(natural, compared)[0]!;

/** The channel that is aligned most at the end, of all layers. */
function mostAligned({ traces }: NamedNatural): Trace {
  const end = ({ points }: Trace): number => Math.abs(points.at(-1)!.cosine);
  return traces.filter(({ kind }) => kind === 'aligned').reduce((a, b) => (end(b) > end(a) ? b : a));
}

/** Up entries against gate entries, and the histogram of the up entries: left early, right late, on equal scales. */
export function portraitChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const run = shownRun(settings, natural);
  const { layer: index, channel, early, late, points } = mostAligned(run);
  const cosineAt = (step: number): number => points.find((point) => point.step === step)!.cosine;
  const both = [early, late];
  const edge = 1.05 * Math.max(...both.flatMap(({ gate, up }) => [...gate, ...up].map(Math.abs)));
  const most = 1.1 * Math.max(...both.flatMap(({ up }) => histogram(up, edge).map(({ count }) => count)));
  const entry = (field: 'gate' | 'up') =>
    quantity(field, {
      title: `${field} entry`,
      scale: { domain: [-edge, edge], nice: false },
      axis: { tickCount: 5 },
    });
  const slant = Math.sign(cosineAt(late.step)) || 1;
  const encoding = { x: entry('gate'), y: entry('up') };
  const column = ({ step, gate, up }: Trace['early'], color: string, name: string) => ({
    vconcat: [
      {
        title: {
          text: `${name}, step ${step}: cos ${signed(cosineAt(step), 2)}`,
          ...{ anchor: 'middle', offset: 4, fontSize: 13 },
        },
        width: 260,
        height: 260,
        layer: [
          layer(
            { type: 'line', color: '#afb8c1', strokeDash: [4, 4] },
            encoding,
            [-1, 1].map((side) => ({ gate: side * edge, up: side * slant * edge })),
          ),
          dots(
            { size: 22, opacity: 0.75, color },
            encoding,
            gate.map((value, i) => ({ step, gate: value, up: up[i]! })),
          ),
        ],
      },
      {
        data: { values: histogram(up, edge) },
        width: 260,
        height: 110,
        mark: { type: 'bar', color, binSpacing: 1 },
        encoding: {
          x: { ...entry('up'), field: 'from', bin: 'binned' },
          x2: { field: 'to' },
          y: quantity('count', { title: 'entries', scale: { domain: [0, most] } }),
        },
      },
    ],
  });
  return picture(
    `The most aligned channel: its ${early.up.length} up entries ${slant > 0 ? 'become its gate entries' : 'become minus its gate entries'}`,
    [
      `layer ${index}, channel ${channel}, chosen at the end for its |cos|; decay ${run.decay}, learning rate ${run.rate},`,
      `BF16, seed ${run.seed}, nothing planted`,
    ],
    { hconcat: [column(early, '#8c959f', 'early'), column(late, '#0550ae', 'late')] },
  );
}

/** Counts in 25 bins from −edge to edge. */
function histogram(values: readonly number[], edge: number): { from: number; to: number; count: number }[] {
  const width = (2 * edge) / 25;
  return Array.from({ length: 25 }, (_, i) => {
    const from = i * width - edge;
    const count = values.filter((v) => Math.floor((v + edge) / width) === i).length;
    return { from, to: from + width, count };
  });
}

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
