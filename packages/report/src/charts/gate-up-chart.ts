/** @file The entries of the most aligned channel, gate against up, early and late; and how they are distributed. */
import { frame } from './frame.ts';
import type { GateUp } from './gate-up.ts';
import { figure } from './words.ts';

const BINS = 24;

/** `moments` are of one channel, early to late. */
export function gateUpChart(moments: readonly GateUp[]): object {
  const { layer, channel } = moments[0]!;
  const extent = moments.reduce(
    (most, { gate, up }) =>
      [gate, up].reduce((m, side) => side.reduce((a, v) => Math.max(a, Math.abs(v)), m), most),
    0,
  );
  const domain = [-1.05 * extent, 1.05 * extent];
  const when = (moment: GateUp): string => `step ${moment.step}: cos ${figure(moment.cosine)}`;
  const panels = moments.map((moment) => ({
    title: { text: when(moment), fontSize: 12, anchor: 'middle' },
    width: 200,
    height: 200,
    layer: [
      {
        data: { values: domain.map((end) => ({ gate: end, up: moment.cosine < 0 ? -end : end })) },
        mark: { type: 'line', strokeDash: [4, 4], strokeWidth: 1, color: '#57606a' },
        encoding: {
          x: { field: 'gate', type: 'quantitative' },
          y: { field: 'up', type: 'quantitative' },
        },
      },
      {
        data: { values: entriesOf(moment) },
        mark: { type: 'point', filled: true, size: 18, opacity: 0.6, color: '#1f6feb' },
        encoding: {
          x: {
            field: 'gate',
            type: 'quantitative',
            title: 'entry of gate',
            scale: { domain, nice: false },
            axis,
          },
          y: {
            field: 'up',
            type: 'quantitative',
            title: 'entry of up',
            scale: { domain, nice: false },
            axis,
          },
        },
      },
    ],
  }));
  const histogram = {
    title: { text: 'distribution of both', fontSize: 12, anchor: 'middle' },
    width: 200,
    height: 200,
    data: { values: moments.flatMap((moment) => binsOf(moment, domain)) },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
    encoding: {
      x: { field: 'from', type: 'quantitative', title: 'entry', scale: { domain, nice: false }, axis },
      y: { field: 'count', type: 'quantitative', title: 'entries' },
      color: {
        field: 'when',
        type: 'nominal',
        sort: moments.map(({ step }) => `step ${step}`),
        scale: {
          domain: moments.map(({ step }) => `step ${step}`),
          range: ['#afb8c1', '#1f6feb'].slice(-moments.length),
        },
        legend: moments.length < 2 ? null : { title: null, symbolType: 'stroke', symbolStrokeWidth: 3 },
      },
    },
  };
  return frame({
    title: {
      text: titleOf(moments),
      subtitle: `channel ${channel} of layer ${layer}, the most aligned of all layers at step ${moments.at(-1)!.step}; dashed: ${moments.at(-1)!.cosine < 0 ? 'up = −gate' : 'up = gate'}`,
    },
    hconcat: [...panels, histogram],
    spacing: 24,
  });
}

const axis = { tickCount: 4, grid: false };

/** At most 1000 of the entries; a channel of a large model has more than eyes can tell apart. */
function entriesOf({ gate, up }: GateUp): { gate: number; up: number }[] {
  const every = Math.ceil(gate.length / 1000);
  return Array.from(gate, (g, i) => ({ gate: g, up: up[i]! })).filter((_, i) => i % every === 0);
}

function binsOf({ step, gate, up }: GateUp, [low, high]: readonly number[]): object[] {
  const counts = new Array<number>(BINS).fill(0);
  const width = (high! - low!) / BINS;
  for (const side of [gate, up])
    for (const value of side)
      counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - low!) / width)))]! += 1;
  return [...counts, 0].map((count, i) => ({ when: `step ${step}`, from: low! + i * width, count }));
}

function titleOf(moments: readonly GateUp[]): string {
  const [first, last] = [moments[0]!, moments.at(-1)!];
  const size = Math.abs(last.cosine);
  const word = size > 0.9 ? 'aligned' : size > 0.5 ? 'half aligned' : 'hardly aligned';
  const way = last.cosine < 0 ? ' (opposite ways)' : '';
  if (first === last)
    return `The most aligned channel is ${word}${way}: cos(gate, up) = ${figure(last.cosine)}`;
  return `The most aligned channel is ${word}${way}: cos(gate, up) went from ${figure(first.cosine)} to ${figure(last.cosine)}`;
}
