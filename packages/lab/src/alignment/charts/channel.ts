/** @file Pictures of single channels: the paper's scatter and histogram, early and late, and the outlier channel's life. */

import { signed } from '@octavo/report/charts';
import { frame, overSteps } from '../../charts/parts.ts';
import { type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';
import type { Trace } from '../trace.ts';
import { title } from './grid.ts';

/** The first seed's run at the compared point, where alignment is strongest. */
const shownRun = ({ compared }: AlignmentSettings, natural: readonly NamedNatural[]): NamedNatural =>
  runsAt(natural, compared)[0]!;

/** The channel that is aligned most at the end, of all layers. */
function mostAligned({ traces }: NamedNatural): Trace {
  const end = ({ points }: Trace): number => Math.abs(points.at(-1)!.cosine);
  return traces.filter(({ kind }) => kind === 'aligned').reduce((a, b) => (end(b) > end(a) ? b : a));
}

const [EARLY, LATE] = ['#8c959f', '#0550ae'];

/** Up entries against gate entries, and the histogram of the up entries: left early, right late, on equal scales. */
export function portraitChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const run = shownRun(settings, natural);
  const { layer, channel, early, late, points } = mostAligned(run);
  const cosineAt = (step: number): number => points.find((point) => point.step === step)!.cosine;
  const of = ({ step, gate, up }: Trace['early']) =>
    gate.map((value, i) => ({ step, gate: value, up: up[i]! }));
  const all = [...of(early), ...of(late)];
  const edge = 1.05 * Math.max(...all.flatMap(({ gate, up }) => [Math.abs(gate), Math.abs(up)]));
  const domain = [-edge, edge];
  const scale = { domain, nice: false };
  const format = { tickCount: 5 };
  const gateAxis = { field: 'gate', type: 'quantitative', title: 'gate entry', scale, axis: format };
  const upAxis = { field: 'up', type: 'quantitative', title: 'up entry', scale, axis: format };
  const slant = Math.sign(cosineAt(late.step)) || 1;
  const diagonal = [-1, 1].map((side) => ({ gate: side * edge, up: side * slant * edge }));
  const most =
    1.1 * Math.max(...[early, late].flatMap(({ up }) => histogram(up, edge).map(({ count }) => count)));
  const column = (entries: Trace['early'], color: string | undefined, name: string) => {
    const values = of(entries);
    return {
      vconcat: [
        {
          title: {
            text: `${name}, step ${entries.step}: cos ${signed(cosineAt(entries.step), 2)}`,
            anchor: 'middle',
            offset: 4,
            fontSize: 13,
          },
          width: 260,
          height: 260,
          layer: [
            {
              data: { values: diagonal },
              mark: { type: 'line', color: '#afb8c1', strokeDash: [4, 4] },
              encoding: { x: gateAxis, y: upAxis },
            },
            {
              data: { values },
              mark: { type: 'point', filled: true, size: 22, opacity: 0.75, color },
              encoding: { x: gateAxis, y: upAxis },
            },
          ],
        },
        {
          data: { values: histogram(entries.up, edge) },
          width: 260,
          height: 110,
          mark: { type: 'bar', color, binSpacing: 1 },
          encoding: {
            x: { ...upAxis, field: 'from', bin: 'binned' },
            x2: { field: 'to' },
            y: { field: 'count', type: 'quantitative', title: 'entries', scale: { domain: [0, most] } },
          },
        },
      ],
    };
  };
  return frame({
    title: title(
      `The most aligned channel: its ${early.up.length} up entries ${slant > 0 ? 'become its gate entries' : 'become minus its gate entries'}`,
      [
        `layer ${layer}, channel ${channel}, chosen at the end for its |cos|; decay ${run.decay}, learning rate ${run.rate},`,
        `BF16, seed ${run.seed}, nothing planted`,
      ],
    ),
    hconcat: [column(early, EARLY, 'early'), column(late, LATE, 'late')],
  });
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

/** The channel of the largest SwiGLU output at the end, a column a layer: norms, correlation, and that output. */
export function outlierChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const run = shownRun(settings, natural);
  const outliers = run.traces.filter(({ kind }) => kind === 'outlier');
  const x = overSteps({ tickCount: 4, grid: false });
  const colours = {
    field: 'series',
    type: 'nominal',
    scale: {
      domain: ['gate', 'up', 'correlation', 'output'],
      range: ['#bf8700', '#0969da', '#0550ae', '#cf222e'],
    },
    legend: null,
  };
  const panel = (values: object[], y: object, extra: object[] = []) => ({
    width: 200,
    height: 110,
    layer: [
      ...extra,
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: { x, y: { field: 'value', type: 'quantitative', ...y }, color: colours },
      },
    ],
  });
  const zero = {
    mark: { type: 'rule', color: '#afb8c1', strokeDash: [4, 4] },
    data: { values: [{}] },
    encoding: { y: { datum: 0 } },
  };
  const largest = (pick: (point: Trace['points'][number]) => number): number =>
    1.1 * Math.max(...outliers.flatMap(({ points }) => points.map(pick)));
  const norms = largest(({ gateNorm, upNorm }) => Math.max(gateNorm, upNorm));
  const outputs = largest(({ peak }) => peak ?? 0);
  const ends = outliers.map(({ points }) => Math.abs(points.at(-1)!.correlation));
  const series = (
    points: Trace['points'],
    name: string,
    value: (p: Trace['points'][number]) => number | null,
  ) => points.map((point) => ({ step: point.step, series: name, value: value(point) }));
  const first = (index: number, text: string): string | null => (index === 0 ? text : null);
  const rows = [
    outliers.map(({ layer, channel, points }, i) => ({
      title: { text: `layer ${layer}, channel ${channel}`, anchor: 'middle', fontSize: 13, offset: 4 },
      ...panel(
        [
          ...series(points, 'gate', ({ gateNorm }) => gateNorm),
          ...series(points, 'up', ({ upNorm }) => upNorm),
        ],
        { title: first(i, 'norm'), scale: { domain: [0, norms] } },
        i === 0 ? [normNames(points, x, norms, colours)] : [],
      ),
    })),
    outliers.map(({ points }, i) =>
      panel(
        series(points, 'correlation', ({ correlation }) => correlation),
        { title: first(i, 'correlation'), scale: { domain: [-1, 1] }, axis: { values: [-1, 0, 1] } },
        [zero],
      ),
    ),
    outliers.map(({ points }, i) =>
      panel(
        series(points, 'output', ({ peak }) => peak),
        { title: first(i, 'largest output'), scale: { domain: [0, outputs] } },
      ),
    ),
  ];
  return frame({
    title: title(
      `The channels of the largest SwiGLU output: |correlation| of gate and up ends at ${range(ends)}`,
      [
        'chosen at the end in each layer and followed back; largest output: over the steps since the last point',
        `decay ${run.decay}, learning rate ${run.rate}, BF16, seed ${run.seed}, nothing planted`,
      ],
    ),
    columns: outliers.length,
    concat: rows.flat(),
  });
}

/** The names of the two norms at the end of their lines, the larger above. */
function normNames(points: Trace['points'], x: object, most: number, color: object): object {
  const { step, gateNorm, upNorm } = points.at(-1)!;
  const gap = 0.16 * Math.max(gateNorm, upNorm);
  const sign = gateNorm >= upNorm ? 1 : -1;
  const values = [
    { step, series: 'gate', value: gateNorm + sign * gap },
    { step, series: 'up', value: upNorm - sign * gap },
  ];
  return {
    data: { values },
    mark: { type: 'text', align: 'right', fontWeight: 'bold', fontSize: 12 },
    encoding: {
      x,
      y: { field: 'value', type: 'quantitative', scale: { domain: [0, most] } },
      text: { field: 'series' },
      color,
    },
  };
}

const range = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
