/** @file What scaling policies would have chosen in a run that recorded its tensors' maxima: pure functions, no model. */
import { type Format, formatOf } from '@octavo/formats';
import {
  CLIPS_ABOVE,
  current,
  delayed,
  fixed,
  initState,
  needsOwnMaximum,
  observe,
  type Policy,
  scales,
} from '@octavo/scaling';
import type { RecordedRow } from '../engine/study.ts';
import { eightBits, paperFormat } from './casts.ts';

/** A step whose largest value leaves this many powers of two unused counts as one that wastes range. */
export const WASTED_BITS = 4;

/** The scale that `policy` chooses for every step in turn, and what it does to that step's tensor. */
export function whatIf(amax: readonly number[], rms: readonly number[], policy: Policy, format: Format) {
  let state = initState(policy, 1);
  let [counted, clipped, wasted, starved, sum] = [0, 0, 0, 0, 0];
  let least = Number.POSITIVE_INFINITY;
  for (const [i, own] of amax.entries()) {
    const knows = !(policy.kind === 'delayed' && needsOwnMaximum(policy, state));
    const scale = scales(policy, state, format, [own])[0]!;
    state = observe(policy, state, [own]);
    if (!knows || !(own > 0) || !Number.isFinite(own)) continue;
    const headroom = Math.log2(format.max / (own * scale));
    counted++;
    sum += headroom;
    least = Math.min(least, headroom);
    if (own * scale > format.max * CLIPS_ABOVE) clipped++;
    if (headroom > WASTED_BITS) wasted++;
    if (rms[i]! * scale < format.minNormal) starved++;
  }
  return {
    /** Recorded steps for which the policy had a scale (the first has no history) and the maximum was a number. */
    counted,
    /** Of these: the maximum beyond the format's largest value; `WASTED_BITS` unused; rms below its smallest normal one. */
    ...{ clipped, wasted, starved },
    /** log2 (max / (amax · scale)), mean, and the least: negative where it clips. */
    headroom: sum / counted,
    leastHeadroom: least,
  };
}

/**
 * The policies that are compared. Only every `every`-th step was recorded: a history of n steps holds ⌈n / every⌉ of
 * them, so that clipping is rather counted too often than too seldom.
 */
export function whatIfPolicies(every: number): Readonly<Record<string, Policy>> {
  const history = (steps: number) => ({ history: Math.max(1, Math.ceil(steps / every)) });
  return {
    'delayed 16': delayed(history(16)),
    'delayed 16, power of two': delayed({ ...history(16), powerOfTwo: true }),
    'delayed 16, margin 1': delayed({ ...history(16), margin: 1 }),
    'delayed 16, margin 2': delayed({ ...history(16), margin: 2 }),
    'delayed 1024': delayed(history(1024)),
    'delayed 1024, power of two': delayed({ ...history(1024), powerOfTwo: true }),
    'delayed 1024, margin 1': delayed({ ...history(1024), margin: 1 }),
    'delayed 1024, margin 2': delayed({ ...history(1024), margin: 2 }),
    current: current(),
    'current, power of two': current({ powerOfTwo: true }),
    'fixed 1': fixed(1),
  };
}

/** Rows of `tensors.arrow` by tensor. A tensor that the run did not cast to eight bits is taken in the paper's format. */
export function seriesOf(rows: readonly RecordedRow[]) {
  const found = new Map<string, RecordedRow[]>();
  for (const row of rows) {
    const key = [row.layer, row.site, row.operand, formatFor(row)].join(' ');
    const group = found.get(key);
    if (group) group.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].map((group) => {
    const sorted = group.toSorted((a, b) => a.step - b.step);
    const { layer, site, operand } = sorted[0]!;
    return {
      layer,
      site,
      operand,
      format: formatFor(sorted[0]!),
      steps: sorted.map(({ step }) => step),
      amax: sorted.map(({ amax }) => amax),
      rms: sorted.map(({ rms }) => rms),
    };
  });
}

const formatFor = ({ format, operand }: RecordedRow): string =>
  (eightBits as readonly string[]).includes(format) ? format : paperFormat(operand);

/** Steps from one recorded to the next, the median; 1 for fewer than two. */
export function recordedEvery(series: ReturnType<typeof seriesOf>): number {
  const steps = series.reduce<number[]>((most, s) => (s.steps.length > most.length ? s.steps : most), []);
  const gaps = steps.slice(1).map((step, i) => step - steps[i]!);
  return gaps.length === 0 ? 1 : gaps.toSorted((a, b) => a - b)[gaps.length >> 1]!;
}

export type WhatIfRow = ReturnType<typeof whatIfRows>[number];

/** Every tensor of a run under every policy. */
export function whatIfRows(rows: readonly RecordedRow[]) {
  const all = seriesOf(rows);
  const policies = Object.entries(whatIfPolicies(recordedEvery(all)));
  return all.flatMap(({ layer, site, operand, format, amax, rms }) =>
    policies.map(([name, policy]) => ({
      layer,
      site,
      operand,
      format,
      policy: name,
      ...whatIf(amax, rms, policy, formatOf(format)),
    })),
  );
}
