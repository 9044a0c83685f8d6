/** @file The paper's scatter and histogram of a single channel, early and late. */
import { signed } from '@octavo/report/charts';
import { picture, quantity } from '../../charts/frame.ts';
import { dots, layer } from '../../charts/layers.ts';
import { type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';
import type { Entries, Trace } from '../trace.ts';

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
  const column = ({ step, gate, up }: Entries, color: string, name: string) => ({
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
