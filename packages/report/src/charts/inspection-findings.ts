/** @file What stands out in an inspected model. */
import type { SwiGluFindings } from '@octavo/exchange';
import type { Finding } from './findings.ts';
import { type Inspection, type MeasuredTensor, measuredOf, mostAlignedOf } from './inspection-facts.ts';
import { figure, percent, plural, topOf } from './numbers.ts';

/** Kurtosis from which outliers are worth a look; of a normal distribution it is 3. */
const HEAVY = 30;
/** Decibels that smoothing has to gain to be worth a word. */
const GAIN = 0.5;

/** Worst first. */
export function inspectionFindings({ tensors, swiglus }: Inspection): Finding[] {
  const measured = measuredOf(tensors);
  return [
    ...notFinite(measured),
    ...lost(measured, 'clipped', 'are clipped'),
    ...lost(measured, 'underflowed', 'become zero'),
    ...tails(measured),
    ...alignment(swiglus),
    ...smoothing(swiglus),
    ...noise(measured),
  ].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

const ORDER = ['bad', 'look', 'good'];

function notFinite(tensors: readonly MeasuredTensor[]): Finding[] {
  const count = ({ measured: { nans, infinities } }: MeasuredTensor): number => nans + infinities;
  const broken = tensors.filter((tensor) => count(tensor) > 0);
  if (broken.length === 0) return [{ kind: 'good', text: 'All values that were measured are finite' }];
  const top = topOf(broken, count)!;
  const text = `${plural(broken.length, 'tensor')} ${broken.length === 1 ? 'holds' : 'hold'} values that are not finite; most, ${plural(count(top), 'value')}, ${top.name}`;
  return [{ kind: 'bad', text }];
}

function lost(tensors: readonly MeasuredTensor[], what: 'clipped' | 'underflowed', words: string): Finding[] {
  const share = ({ measured, elements }: MeasuredTensor): number => measured.cast[what] / elements;
  const top = topOf(tensors, share);
  if (top === null || share(top) === 0) return [];
  const text = `At most ${percent(share(top))} of a tensor’s values ${words}: ${top.name}`;
  return [{ kind: share(top) >= 1e-3 ? 'look' : 'good', text }];
}

function tails(tensors: readonly MeasuredTensor[]): Finding[] {
  const top = topOf(tensors, ({ measured }) => measured.kurtosis);
  if (top === null || top.measured.kurtosis! < HEAVY) return [];
  const text = `Heaviest tails: ${top.name}, kurtosis ${figure(top.measured.kurtosis!)}, largest value ${figure(top.measured.amax / top.measured.rms)} times the rms`;
  return [{ kind: 'look', text }];
}

function alignment(swiglus: readonly SwiGluFindings[]): Finding[] {
  const [top] = mostAlignedOf(swiglus, 1);
  if (top === undefined) return [];
  const aligned = swiglus.reduce((sum, one) => sum + one.aligned, 0);
  const text = `${aligned === 0 ? 'No SwiGLU channel is' : `${plural(aligned, 'SwiGLU channel')} ${aligned === 1 ? 'is' : 'are'}`} aligned beyond 0.9; the most aligned, ${figure(top.cosine)}, is channel ${top.channel} of ${top.place}`;
  return [{ kind: aligned > 0 ? 'look' : 'good', text }];
}

function smoothing(swiglus: readonly SwiGluFindings[]): Finding[] {
  const gains = swiglus.flatMap(({ place, smoothing }) =>
    smoothing === null
      ? []
      : (['up', 'down'] as const).map((of) => ({
          ...{ place, of, ...smoothing[of] },
          gain: smoothing[of].smoothed - smoothing[of].sqnr,
        })),
  );
  const top = topOf(gains, ({ gain }) => (Number.isFinite(gain) ? gain : null));
  if (top === null || top.gain < GAIN) return [];
  const text = `Smoothing would gain most in ${top.of} of ${top.place}: ${figure(top.sqnr)} → ${figure(top.smoothed)} dB`;
  return [{ kind: 'look', text }];
}

function noise(tensors: readonly MeasuredTensor[]): Finding[] {
  const top = topOf(tensors, ({ measured }) => -measured.cast.sqnr);
  if (top === null || !Number.isFinite(top.measured.cast.sqnr)) return [];
  return [
    {
      kind: top.measured.cast.sqnr < 20 ? 'look' : 'good',
      text: `Least signal over noise: ${figure(top.measured.cast.sqnr)} dB, ${top.name}`,
    },
  ];
}
