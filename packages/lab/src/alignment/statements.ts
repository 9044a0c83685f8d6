/** @file The study's statements, held to its figures. */
import { distinct, where } from '../engine/rows.ts';
import { above, atLeast, atMost, type Statement, within } from '../engine/statements.ts';
import { gapsOf, largestJump, lastGap, lastSample, lastSteps, type Results, runsAt } from './results.ts';
import type { AlignmentSettings, Point } from './settings.ts';
import { type NeuronCaseName, STATIONARY } from './theorem.ts';

type Said = Statement<Results>;

const LATE = 'late in training, from about 200 billion tokens on, w1 and w2 of some channels are aligned';

export function statementsOf(settings: AlignmentSettings): Said[] {
  const { decays, rates, compared, warmup, model } = settings;
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  const most = { decay: Math.max(...decays), rate: high };
  const least = { decay: Math.min(...decays), rate: low };
  const none = { decay: Math.min(...decays), rate: high };
  const at = (point: Point): string => `decay ${point.decay}, learning rate ${point.rate}`;
  const overLayers = (of: (layer: number) => number): number =>
    Math.max(...Array.from({ length: model.layers }, (_, layer) => of(layer)));
  const first =
    (point: Point, key: 'mean' | 'above8' | 'strangers'): Said['values'] =>
    ({ natural }) =>
      runsAt(natural, point).map((run) => lastSample(run, 0)[key]);
  const highest =
    (point: Point): Said['values'] =>
    ({ natural }) =>
      runsAt(natural, point).map((run) => overLayers((layer) => lastSample(run, layer).above8));
  const apart: Said['values'] = ({ natural }) =>
    runsAt(natural, compared, 'fp8').map((run) => {
      const base = where(runsAt(natural, compared), { seed: run.seed })[0]!;
      return overLayers((layer) => Math.abs(lastSample(run, layer).mean - lastSample(base, layer).mean));
    });
  return [
    {
      text: `${at(most)}: layer 0's mean |cos| at least 0.4 at the end`,
      paper: LATE,
      ...{ values: first(most, 'mean'), holds: atLeast(0.4) },
    },
    {
      text: `${at(most)}: at least a tenth of layer 0's channels above 0.8`,
      ...{ values: first(most, 'above8'), holds: atLeast(0.1) },
    },
    {
      text: `${at(least)}: no channel of any layer above 0.8 (share)`,
      ...{ values: highest(least), holds: atMost(0) },
    },
    {
      text: `${at(none)}: without decay layer 0's mean |cos| rises too, to 0.25 at least`,
      paper: 'the theorem needs decay, μ > 0, and a stationary point',
      ...{ values: first(none, 'mean'), holds: atLeast(0.25) },
    },
    {
      text: `${at(none)}: but few channels come near ±1: in every layer at most 5 % above 0.8 (share)`,
      ...{ values: highest(none), holds: atMost(0.05) },
    },
    {
      text: `${at(most)}: a gate and the next channel's up, layer 0: mean |cos| at most 0.2 (control)`,
      ...{ values: first(most, 'strangers'), holds: atMost(0.2) },
    },
    {
      text: `${at(compared)}: fp8's loss within 0.04 nats per byte of bf16's, mean of the last ${lastSteps(settings)} steps`,
      paper: 'FP8 follows BF16 until about 200 billion tokens, then diverges',
      values: ({ natural }) => gapsOf(settings, natural, 'fp8').map(({ gaps }) => lastGap(settings, gaps)),
      holds: within(0.04),
    },
    {
      text: `${at(compared)}: fp8's mean |cos| within 0.1 of bf16's in every layer (largest difference)`,
      ...{ values: apart, holds: atMost(0.1) },
    },
    {
      text: `${at(most)}: SwiGLU's output never above 4 times (two bits) its maximum over the 16 steps before (largest ratio)`,
      paper: 'aligned channels give sporadic, huge outliers',
      values: ({ natural }) => runsAt(natural, most).map((run) => largestJump(run, warmup)),
      holds: atMost(4),
    },
    ...ofNeurons,
  ];
}

const SAYS = 'at a stationary point with saturated gates and μ > 0, w1 → w2 or w1 → −w2';

const cosine = (name: NeuronCaseName, text: string, holds: Said['holds'], paper?: string): Said => ({
  ...{ text, paper, holds },
  values: ({ neurons }) => where(neurons, { case: name }).map((run) => run.cosine),
});
const below = (limit: number) => (value: number) => value < limit;
const nearer = (limit: number) => (value: number) => Math.abs(value) < limit;

const ofNeurons: readonly Said[] = [
  {
    text: `single neurons: gradient norm at most ${STATIONARY} at the end, all cases (largest)`,
    values: ({ neurons }) =>
      distinct(neurons, 'seed').map((seed) =>
        Math.max(...where(neurons, { seed }).map(({ gradientNorm }) => gradientNorm)),
      ),
    holds: atMost(STATIONARY),
  },
  cosine('decay', 'μ > 0, gate saturated: cos above 0.99', above(0.99), SAYS),
  cosine('weak', 'μ / 10, gate saturated: cos above 0.99', above(0.99), SAYS),
  cosine('negative', 'μ > 0, gate saturated, targets below 0: cos below −0.99', below(-0.99), SAYS),
  cosine('none', 'μ = 0, gate saturated: |cos| below 0.9', nearer(0.9)),
  cosine('openWeak', 'μ / 10, gate not saturated: |cos| below 0.9', nearer(0.9)),
  cosine(
    'both',
    'μ > 0, gate saturated, targets of both signs: |cos| below 0.9, against the theorem as it is stated',
    nearer(0.9),
    SAYS,
  ),
];
