/** @file The study's statements, held to its figures. */
import { claim } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { gapsOf, largestJump, lastGap, lastSample, lastSteps, type Results, runsAt } from './results.ts';
import type { AlignmentSettings } from './settings.ts';
import { type NeuronCaseName, STATIONARY } from './theorem.ts';

const LATE = 'late in training, from about 200 billion tokens on, w1 and w2 of some channels are aligned';

export function claimsOf(settings: AlignmentSettings, results: Results): Claim[] {
  return [...naturalClaims(settings, results), ...theoremClaims(results)];
}

function naturalClaims(settings: AlignmentSettings, { natural }: Results): Claim[] {
  const { decays, rates, compared, warmup } = settings;
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  const layers = settings.model.layers;
  const most = { decay: Math.max(...decays), rate: high };
  const least = { decay: Math.min(...decays), rate: low };
  const none = { decay: Math.min(...decays), rate: high };
  const at = (point: typeof most): string => `decay ${point.decay}, learning rate ${point.rate}`;
  const all = (values: number[], test: (value: number) => boolean) => ({
    values,
    holds: values.length > 0 && values.every(test),
  });
  const first = (point: typeof most, key: 'mean' | 'above8' | 'strangers') =>
    runsAt(natural, point).map((run) => lastSample(run, 0)[key]);
  const highest = (point: typeof most) =>
    runsAt(natural, point).map((run) =>
      Math.max(...Array.from({ length: layers }, (_, layer) => lastSample(run, layer).above8)),
    );
  const fp8 = gapsOf(settings, natural, 'fp8').map(({ gaps }) => lastGap(settings, gaps));
  const apart = runsAt(natural, compared, 'fp8').map((run) => {
    const base = runsAt(natural, compared).find(({ seed }) => seed === run.seed)!;
    return Math.max(
      ...Array.from({ length: layers }, (_, layer) =>
        Math.abs(lastSample(run, layer).mean - lastSample(base, layer).mean),
      ),
    );
  });
  return [
    {
      text: `${at(most)}: layer 0's mean |cos| at least 0.4 at the end`,
      paper: LATE,
      ...all(first(most, 'mean'), (v) => v >= 0.4),
    },
    {
      text: `${at(most)}: at least a tenth of layer 0's channels above 0.8`,
      ...all(first(most, 'above8'), (v) => v >= 0.1),
    },
    {
      text: `${at(least)}: no channel of any layer above 0.8 (share)`,
      ...all(highest(least), (v) => v === 0),
    },
    {
      text: `${at(none)}: without decay layer 0's mean |cos| rises too, to 0.25 at least`,
      paper: 'the theorem needs decay, μ > 0, and a stationary point',
      ...all(first(none, 'mean'), (v) => v >= 0.25),
    },
    {
      text: `${at(none)}: but few channels come near ±1: in every layer at most 5 % above 0.8 (share)`,
      ...all(highest(none), (v) => v <= 0.05),
    },
    {
      text: `${at(most)}: a gate and the next channel's up, layer 0: mean |cos| at most 0.2 (control)`,
      ...all(first(most, 'strangers'), (v) => v <= 0.2),
    },
    {
      text: `${at(compared)}: fp8's loss within 0.04 nats per byte of bf16's, mean of the last ${lastSteps(settings)} steps`,
      paper: 'FP8 follows BF16 until about 200 billion tokens, then diverges',
      ...all(fp8, (v) => Math.abs(v) <= 0.04),
    },
    {
      text: `${at(compared)}: fp8's mean |cos| within 0.1 of bf16's in every layer (largest difference)`,
      ...all(apart, (v) => v <= 0.1),
    },
    {
      text: `${at(most)}: SwiGLU's output never above 4 times (two bits) its maximum over the 16 steps before (largest ratio)`,
      paper: 'aligned channels give sporadic, huge outliers',
      ...all(
        runsAt(natural, most).map((run) => largestJump(run, warmup)),
        (v) => v <= 4,
      ),
    },
  ];
}

function theoremClaims({ neurons }: Results): Claim[] {
  const of = (name: NeuronCaseName) => neurons.filter((run) => run.case === name);
  const says = 'at a stationary point with saturated gates and μ > 0, w1 → w2 or w1 → −w2';
  const cosines = (names: readonly NeuronCaseName[]): number[] =>
    names.flatMap((name) => of(name).map(({ cosine }) => cosine));
  return [
    claim(
      `single neurons: gradient norm at most ${STATIONARY} at the end, all cases (largest)`,
      [...new Set(neurons.map(({ seed }) => seed))].map((seed) =>
        Math.max(...neurons.filter((run) => run.seed === seed).map((run) => run.gradientNorm)),
      ),
      (v) => v <= STATIONARY,
    ),
    claim('μ > 0, gate saturated: cos above 0.99', cosines(['decay']), (v) => v > 0.99, says),
    claim('μ / 10, gate saturated: cos above 0.99', cosines(['weak']), (v) => v > 0.99, says),
    claim(
      'μ > 0, gate saturated, targets below 0: cos below −0.99',
      cosines(['negative']),
      (v) => v < -0.99,
      says,
    ),
    claim('μ = 0, gate saturated: |cos| below 0.9', cosines(['none']), (v) => Math.abs(v) < 0.9),
    claim('μ / 10, gate not saturated: |cos| below 0.9', cosines(['openWeak']), (v) => Math.abs(v) < 0.9),
    claim(
      'μ > 0, gate saturated, targets of both signs: |cos| below 0.9, against the theorem as it is stated',
      cosines(['both']),
      (v) => Math.abs(v) < 0.9,
      says,
    ),
  ];
}
