/** @file How the cosines of gate and up vectors are distributed, layer by layer; and what smoothing would do to the casts. */
import type { SwiGluFindings } from '@octavo/exchange';
import { frame, quantity } from './frame.ts';
import { mostAlignedOf, positionsOf } from './inspection-facts.ts';
import { distinct, figure, greatest, plural } from './numbers.ts';

const BINS = 25;

const layerAxis = (positions: readonly number[], title: string) => ({
  ...{ field: 'layer', type: 'ordinal', title, scale: { domain: distinct(positions) } },
  axis: { labelAngle: 0, labelOverlap: true, ticks: false, domain: false },
});

const titleOf = (swiglus: readonly SwiGluFindings[]): string =>
  swiglus.every(({ layer }) => layer !== null) ? 'layer' : 'SwiGLU';

/** Null without a SwiGLU. */
export function cosineMap(swiglus: readonly SwiGluFindings[]): object | null {
  if (swiglus.length === 0) return null;
  const positions = positionsOf(swiglus);
  const counts = new Map<string, { layer: number; from: number; to: number; channels: number }>();
  const tops = new Map<number, number>();
  for (const [i, { cosines, cosineMax }] of swiglus.entries()) {
    const layer = positions[i]!;
    tops.set(layer, Math.max(tops.get(layer) ?? 0, cosineMax));
    for (const cosine of cosines) {
      if (Number.isNaN(cosine)) continue;
      const bin = Math.min(BINS - 1, Math.floor(Math.abs(cosine) * BINS));
      const key = `${layer}/${bin}`;
      const cell = counts.get(key) ?? { layer, from: bin / BINS, to: (bin + 1) / BINS, channels: 0 };
      counts.set(key, { ...cell, channels: cell.channels + 1 });
    }
  }
  const cells = [...counts.values()];
  const most = greatest([1, ...cells.map(({ channels }) => channels)]);
  const aligned = swiglus.reduce((sum, one) => sum + one.aligned, 0);
  const [top] = mostAlignedOf(swiglus, 1);
  const x = layerAxis(positions, titleOf(swiglus));
  const step = Math.max(12, Math.min(70, Math.round(480 / distinct(positions).length)));
  return frame({
    title: {
      text: `${aligned === 0 ? 'No channel' : plural(aligned, 'channel')} above 0.9${top ? `; most aligned: channel ${top.channel} of ${top.place}, ${figure(top.cosine)}` : ''}`,
      subtitle:
        '|cos| of each channel’s gate and up vectors: 1 is the same or the opposite direction, 0 a right angle; dots: the largest of a layer',
    },
    width: { step },
    height: 200,
    layer: [
      {
        data: { values: cells },
        mark: { type: 'rect', stroke: null },
        encoding: {
          x,
          y: quantity('from', { title: '|cos(gate, up)|', scale: { domain: [0, 1] }, axis: { grid: false } }),
          y2: { field: 'to' },
          color: quantity('channels', {
            scale: { type: 'log', scheme: 'viridis', domain: [1, Math.max(2, most)], nice: false },
            legend: { title: 'channels', tickCount: 3, format: 'd' },
          }),
        },
      },
      {
        data: { values: [...tops].map(([layer, cosine]) => ({ layer, cosine })) },
        mark: { type: 'point', filled: true, size: 30, color: '#cf222e', opacity: 1 },
        encoding: { x, y: quantity('cosine') },
      },
    ],
  });
}

/** Null where no SwiGLU has a down, or nothing is lost. */
export function smoothingChart(swiglus: readonly SwiGluFindings[]): object | null {
  const positions = positionsOf(swiglus);
  const values = swiglus.flatMap(({ smoothing }, i) =>
    smoothing === null
      ? []
      : (['up', 'down'] as const).flatMap((matrix) =>
          [
            { how: 'as it is', dB: smoothing[matrix].sqnr },
            { how: 'smoothed', dB: smoothing[matrix].smoothed },
          ].map((row) => ({ layer: positions[i]!, matrix, ...row })),
        ),
  );
  const shown = values.filter(({ dB }) => Number.isFinite(dB));
  if (shown.length === 0) return null;
  const hows = ['as it is', 'smoothed'];
  const panel = (matrix: string) => ({
    ...{ title: { text: matrix, fontSize: 12, anchor: 'middle' }, width: 330, height: 150 },
    data: { values: shown.filter((row) => row.matrix === matrix) },
    mark: { type: 'line', point: { size: 26, filled: true }, strokeWidth: 1.5, opacity: 0.9 },
    encoding: {
      x: quantity('layer', {
        title: titleOf(swiglus),
        scale: { zero: false, nice: false, padding: 8 },
        axis: { grid: false, tickMinStep: 1, format: 'd' },
      }),
      y: quantity('dB', { title: 'SQNR, dB', scale: { zero: false } }),
      color: {
        ...{ field: 'how', type: 'nominal', sort: hows, title: null },
        scale: { domain: hows, range: ['#57606a', '#1f6feb'] },
      },
    },
  });
  return frame({
    title: {
      text: gainTitle(swiglus),
      subtitle:
        'up and down as they are, and with power-of-two scales of the channels folded into up and out of down',
    },
    hconcat: [panel('up'), panel('down')],
    spacing: 24,
  });
}

function gainTitle(swiglus: readonly SwiGluFindings[]): string {
  const gains = swiglus.flatMap(({ smoothing }) =>
    smoothing ? [smoothing.up, smoothing.down].map(({ sqnr, smoothed }) => smoothed - sqnr) : [],
  );
  const finite = gains.filter(Number.isFinite);
  const most = greatest([0, ...finite]);
  return most < 0.05
    ? 'Smoothing would gain nothing in these casts'
    : `Smoothing would gain up to ${figure(most)} dB in a cast of the weights`;
}
