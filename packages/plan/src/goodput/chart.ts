/** @file Goodput against ranks as a picture: where the time goes, one area above the other. */
import { frame, quantity } from '@octavo/report/charts';
import type { Spent } from './simulate.ts';
import type { SweepPoint } from './sweep.ts';

const PARTS: Readonly<Record<keyof Spent, readonly [name: string, colour: string]>> = {
  useful: ['useful', '#1a7f37'],
  waiting: ['waiting for slow ranks', '#bf8700'],
  checkpoints: ['checkpoints', '#1f6feb'],
  lost: ['lost with failures', '#cf222e'],
  restarts: ['restarts', '#8250df'],
};

/** A Vega-Lite specification. */
export function goodputChart(points: readonly SweepPoint[]): object {
  const kinds = Object.keys(PARTS) as (keyof Spent)[];
  const values = points.flatMap(({ cluster, outcome: { spent } }) => {
    const all = Object.values(spent).reduce((a, b) => a + b, 0);
    return kinds.map((kind, order) => ({
      ...{ ranks: cluster.ranks, part: PARTS[kind][0], order, share: spent[kind] / all },
    }));
  });
  // the useful share is most of all: its lowest tenth and what is above it are shown
  const lowest = Math.floor(10 * Math.min(...points.map(({ outcome }) => outcome.goodput))) / 10;
  const [domain, range] = [0, 1].map((i) => kinds.map((kind) => PARTS[kind][i]));
  return frame({
    title: 'Where the time of a run goes, by its ranks',
    width: 640,
    height: 320,
    data: { values },
    mark: { type: 'area', clip: true },
    encoding: {
      x: quantity('ranks', {
        ...{ title: 'ranks', scale: { type: 'log', base: 2, nice: false } },
        axis: { values: points.map(({ cluster }) => cluster.ranks), format: 'd', grid: false },
      }),
      y: quantity('share', {
        ...{ title: 'share of the time', stack: 'zero', axis: { format: '%' } },
        scale: { domain: [lowest, 1], zero: false },
      }),
      color: {
        field: 'part',
        type: 'nominal',
        sort: domain,
        scale: { domain, range },
        legend: { title: null },
      },
      order: { field: 'order' },
    },
  });
}
