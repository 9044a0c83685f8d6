/** @file The most aligned channel of a layer's weights; its entries, gate against up, early and late; their distribution. */
import { frame, grey, quantity } from './frame.ts';
import { figure } from './numbers.ts';

/** Gate and up vectors of one channel, as they were at one step. */
export interface GateUp {
  readonly step: number;
  readonly layer: number;
  readonly channel: number;
  readonly cosine: number;
  readonly gate: Float32Array;
  readonly up: Float32Array;
}

/** Cosines of gate and up, a channel each. `gateUp` is `[2F, D]`: gate rows, then up rows. */
export function cosinesOf(gateUp: Float32Array, hidden: number): Float64Array {
  const channels = gateUp.length / hidden / 2;
  return Float64Array.from({ length: channels }, (_, channel) => {
    const { gate, up } = channelOf(gateUp, hidden, channel);
    let [dot, gates, ups] = [0, 0, 0];
    for (let i = 0; i < hidden; i++) {
      dot += gate[i]! * up[i]!;
      gates += gate[i]! ** 2;
      ups += up[i]! ** 2;
    }
    return gates > 0 && ups > 0 ? dot / Math.sqrt(gates * ups) : 0;
  });
}

/** The channel of largest |cos|. */
export function mostAligned(cosines: Float64Array): number {
  let best = 0;
  for (let i = 1; i < cosines.length; i++) if (Math.abs(cosines[i]!) > Math.abs(cosines[best]!)) best = i;
  return best;
}

export function channelOf(gateUp: Float32Array, hidden: number, channel: number) {
  const row = (index: number) => gateUp.slice(index * hidden, (index + 1) * hidden);
  return { gate: row(channel), up: row(gateUp.length / hidden / 2 + channel) };
}

const BINS = 24;

/** `moments` are of one channel, early to late. */
export function gateUpChart(moments: readonly GateUp[]): object {
  const { layer, channel } = moments[0]!;
  const extent = moments.reduce(
    (most, { gate, up }) => [...gate, ...up].reduce((a, v) => Math.max(a, Math.abs(v)), most),
    0,
  );
  const domain = [-1.05 * extent, 1.05 * extent];
  const entry = (field: string, title: string) =>
    quantity(field, { title, scale: { domain, nice: false }, axis: { tickCount: 4, grid: false } });
  const panels = moments.map((moment) => ({
    ...square(`step ${moment.step}: cos ${figure(moment.cosine)}`),
    layer: [
      {
        data: { values: domain.map((end) => ({ gate: end, up: moment.cosine < 0 ? -end : end })) },
        mark: { type: 'line', strokeDash: [4, 4], strokeWidth: 1, color: grey },
        encoding: { x: quantity('gate'), y: quantity('up') },
      },
      {
        data: { values: entriesOf(moment) },
        mark: { type: 'point', filled: true, size: 18, opacity: 0.6, color: '#1f6feb' },
        encoding: { x: entry('gate', 'entry of gate'), y: entry('up', 'entry of up') },
      },
    ],
  }));
  const steps = moments.map(({ step }) => `step ${step}`);
  const histogram = {
    ...square('distribution of both'),
    data: { values: moments.flatMap((moment) => binsOf(moment, domain)) },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
    encoding: {
      x: entry('from', 'entry'),
      y: quantity('count', { title: 'entries' }),
      color: {
        ...{ field: 'when', type: 'nominal', sort: steps },
        scale: { domain: steps, range: ['#afb8c1', '#1f6feb'].slice(-moments.length) },
        legend: moments.length < 2 ? null : { title: null, symbolType: 'stroke', symbolStrokeWidth: 3 },
      },
    },
  };
  const last = moments.at(-1)!;
  return frame({
    title: {
      text: titleOf(moments),
      subtitle: `channel ${channel} of layer ${layer}, the most aligned of all layers at step ${last.step}; dashed: ${last.cosine < 0 ? 'up = −gate' : 'up = gate'}`,
    },
    hconcat: [...panels, histogram],
    spacing: 24,
  });
}

const square = (text: string) => ({
  title: { text, fontSize: 12, anchor: 'middle' },
  width: 200,
  height: 200,
});

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
  const found = `The most aligned channel is ${word}${way}: cos(gate, up)`;
  if (first === last) return `${found} = ${figure(last.cosine)}`;
  return `${found} went from ${figure(first.cosine)} to ${figure(last.cosine)}`;
}
