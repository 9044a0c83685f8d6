/** @file What stands out in a run, computed from its rows. */
import { finalLoss } from './endings.ts';
import {
  alignmentAtEnd,
  growth,
  heaviestTails,
  nameOf,
  narrowCasts,
  quietCasts,
  type Taken,
  taken,
} from './facts.ts';
import { figure, median, percent, plural } from './numbers.ts';
import type { ReportRun, TensorPoint } from './rows.ts';

export interface Finding {
  /** `bad`: a run is not what it should be; `look`: worth a look; `good`: nothing was found where one would look. */
  readonly kind: 'bad' | 'look' | 'good';
  readonly text: string;
}

/** Worst first. */
export function findingsOf(run: ReportRun): Finding[] {
  const all = [
    ...losses(run),
    ...alarms(run),
    ...casts(run.tensors, 'overflows'),
    ...casts(run.tensors, 'underflows'),
    ...outliers(run.tensors),
    ...alignment(run.tensors),
  ];
  const order = ['bad', 'look', 'good'];
  return all
    .map(({ kind, text }) => ({ kind, text: text[0]!.toUpperCase() + text.slice(1) }))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

const look = (text: string): Finding => ({ kind: 'look', text });

function losses({ steps, evaluations, baseline }: ReportRun): Finding[] {
  const bad = (text: string): Finding => ({ kind: 'bad', text });
  const broken = steps.filter(({ loss }) => loss === null);
  const spike = spikeOf(steps.flatMap(({ step, loss }) => (loss === null ? [] : [{ step, loss }])));
  const found = [
    ...(broken[0]
      ? [bad(`the loss is not finite in ${plural(broken.length, 'step')}, first at step ${broken[0].step}`)]
      : []),
    ...(spike ? [bad(spike)] : []),
  ];
  const heldOut = evaluations.at(-1);
  if (!finalLoss(steps) || !heldOut || baseline === null) return found;
  const less = baseline - heldOut.loss;
  const text = `on held-out text the loss is ${figure(heldOut.loss)} at step ${heldOut.step}, ${figure(Math.abs(less))} ${less > 0 ? 'below' : 'above'} an order-2 byte model’s`;
  return [...found, { kind: less > 0 ? 'good' : 'look', text }];
}

/** A rise above the median of the 25 steps before by 12 times their usual distance from it and by a tenth at least. */
function spikeOf(steps: readonly { step: number; loss: number }[]): string | null {
  const window = 25;
  let worst: { step: number; rise: number; from: number; to: number } | null = null;
  let count = 0;
  for (let i = window; i < steps.length; i++) {
    const before = steps.slice(i - window, i).map(({ loss }) => loss);
    const middle = median(before)!;
    const usual = median(before.map((loss) => Math.abs(loss - middle)))!;
    const { step, loss } = steps[i]!;
    const rise = loss - middle;
    if (rise < 12 * usual || rise < 0.1) continue;
    count += 1;
    if (worst === null || rise > worst.rise) worst = { step, rise, from: middle, to: loss };
  }
  if (worst === null) return null;
  const others = count > 1 ? ` (${plural(count, 'step')} stand out like this)` : '';
  return `the loss jumped from about ${figure(worst.from)} to ${figure(worst.to)} at step ${worst.step}${others}`;
}

function alarms({ alarms }: ReportRun): Finding[] {
  const [first] = alarms;
  if (!first) return [];
  const switched = alarms.filter((alarm) => alarm.switched).length;
  const done = switched > 0 ? `; Smooth-SwiGLU was turned on ${plural(switched, 'time')}` : '';
  const times = plural(alarms.length, 'time');
  return [
    look(`the guard spoke ${times}, first at step ${first.step}: ${first.rule} of ${nameOf(first)}${done}`),
  ];
}

/** The two tensors of which a cast took most, worst first, each at its worst sampled step. */
function casts(tensors: readonly TensorPoint[], measured: Taken): Finding[] {
  const quiet = quietCasts(tensors, measured);
  if (quiet !== null) return [{ kind: 'good', text: quiet }];
  const { done, notable } = taken[measured];
  const worst = new Map<string, TensorPoint>();
  for (const tensor of narrowCasts(tensors, measured))
    if (tensor[measured]! > (worst.get(nameOf(tensor))?.[measured] ?? -1)) worst.set(nameOf(tensor), tensor);
  return [...worst.values()]
    .sort((a, b) => b[measured]! - a[measured]!)
    .filter((tensor) => tensor[measured]! >= notable)
    .slice(0, 2)
    .map((tensor) => look(`${nameOf(tensor)}: ${percent(tensor[measured]!)} ${done} at step ${tensor.step}`));
}

function outliers(tensors: readonly TensorPoint[]): Finding[] {
  const found: Finding[] = [];
  const grown = growth(tensors);
  if (grown && grown.factor >= 4) {
    const { first, top, factor } = grown;
    const ends = `from ${figure(first.amax!)} to ${figure(top.amax!)} at step ${top.step}`;
    found.push(look(`the largest value of ${nameOf(top)} grew ${figure(factor)} times, ${ends}`));
  }
  const tails = heaviestTails(tensors);
  if (tails && tails.kurtosis! >= 100) {
    const { kurtosis, step } = tails;
    const what = `${figure(kurtosis!)} at step ${step} (a normal distribution has 3)`;
    found.push(look(`kurtosis of ${nameOf(tails)}: ${what}`));
  }
  return found;
}

function alignment(tensors: readonly TensorPoint[]): Finding[] {
  const end = alignmentAtEnd(tensors);
  if (end === null) return [];
  const { step, above, layer, cosine } = end;
  const words =
    above === 0
      ? 'no channel’s gate and up vectors are aligned above 0.9'
      : `${plural(above, 'channel')} with gate and up aligned above 0.9`;
  const text = `${words} at step ${step}; the largest |cos| is ${figure(cosine)}, in layer ${layer}`;
  return [{ kind: above === 0 ? 'good' : 'look', text }];
}
