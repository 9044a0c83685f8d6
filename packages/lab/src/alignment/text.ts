/** @file The study for people: the grid, FP8 beside it, Theorem 1, and what held. */

import { page, table } from '../engine/markdown.ts';
import { figure, mean, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { gapsOf, largestJump, lastGap, lastSample, lastSteps, type Results, runsAt } from './results.ts';
import type { AlignmentSettings, Arm, Point } from './settings.ts';
import { type NeuronCaseName, type NeuronRun, neuronCases } from './theorem.ts';
import type { NaturalRun } from './train.ts';

export function markdownOf(settings: AlignmentSettings, results: Results, claims: readonly Claim[]): string {
  const { steps, warmup, batch, sequence, model } = settings;
  const seeds = distinct(results.natural, 'seed');
  return page(
    '# Alignment of gate and up',
    `Natural training, nothing planted: ${steps} steps of ${batch} × ${sequence} bytes, ${model.layers} layers of width ${model.hiddenSize} with ${model.ffnSize} channels each, the learning`,
    `rate constant after ${warmup} steps. ${seeds.length > 1 ? `Seeds ${seeds.join(', ')}, a figure each` : `Seed ${seeds[0]}`}. What aligned channels do to FP8 when they are planted is another`,
    'study (`octavo study instability`) and another result: here FP8 does not fail.',
    '## The grid, after the last step, BF16',
    ...gridTable(settings, results),
    "Strangers: each gate with the next channel's up, the control. Largest ratio: SwiGLU's largest output of a step over its",
    'largest of the 16 steps before, after warm-up.',
    '## FP8 beside it',
    ...comparison(settings, results),
    '## Theorem 1 on single neurons',
    'Stationary: μ w1 = −A w2 and μ w2 = −A w1 with one symmetric A, once every gate is saturated (arXiv 2409.12517). It follows',
    'that A (w1 ± w2) = ∓μ (w1 ± w2), so w1 = ±w2 unless both −μ and +μ are eigenvalues of A. Targets of both signs make them so.',
    ...theoremTable(results),
    ...claimSection(claims, number),
  );
}

function gridTable({ decays, rates, model, warmup }: AlignmentSettings, { natural }: Results): string[] {
  const points = decays.flatMap((decay) => rates.map((rate) => ({ decay, rate })));
  type Value = (run: NaturalRun, layer: number) => number;
  const list =
    (value: Value, digits: number, layer = 0) =>
    (point: Point) =>
      sideBySide(runsAt(natural, point), (run) => value(run, layer).toFixed(digits));
  const byLayer = (value: Value, digits: number) => (point: Point) =>
    Array.from({ length: model.layers }, (_, layer) => list(value, digits, layer)(point)).join(' \\| ');
  return table(points, [
    ['decay', ({ decay }) => decay],
    ['learning rate', ({ rate }) => rate],
    ['mean \\|cos\\|, by layer', byLayer((run, layer) => lastSample(run, layer).mean, 2)],
    ['above 0.8, %', byLayer((run, layer) => 100 * lastSample(run, layer).above8, 1)],
    ['largest \\|cos\\|', byLayer((run, layer) => lastSample(run, layer).max, 2)],
    ['strangers, layer 0', list((run) => lastSample(run, 0).strangers, 2)],
    ['largest output', list(({ peaks }) => Math.max(...peaks.map((layer) => layer.at(-1)!)), 0)],
    ['largest ratio', list((run) => largestJump(run, warmup), 2)],
  ]);
}

function comparison(settings: AlignmentSettings, { natural }: Results): string[] {
  const { compared } = settings;
  const last = lastSteps(settings);
  const runs = (arm: Arm) => runsAt(natural, compared, arm);
  const loss = ({ losses }: NaturalRun): number => mean(losses.slice(-last).map((v) => v ?? Number.NaN));
  const gaps = (arm: Arm): string =>
    sideBySide(gapsOf(settings, natural, arm), (run) => lastGap(settings, run.gaps).toFixed(4)) || '–';
  return [
    `Decay ${compared.decay}, learning rate ${compared.rate}, the same batches; \`bf16-nudged\` is BF16 from weights moved by one rounding: what chance does.`,
    ...table<Arm>(
      ['bf16', 'fp8', 'bf16-nudged'],
      [
        ['', (arm) => `\`${arm}\``],
        [`loss, last ${last} steps`, (arm) => sideBySide(runs(arm), (run) => loss(run).toFixed(3))],
        ['less that of bf16', (arm) => (arm === 'bf16' ? '–' : gaps(arm))],
        [
          'mean \\|cos\\|, layer 0',
          (arm) => sideBySide(runs(arm), (run) => lastSample(run, 0).mean.toFixed(2)),
        ],
      ],
    ),
  ];
}

function theoremTable({ neurons }: Results): string[] {
  const runs = (name: NeuronCaseName) => where(neurons, { case: name });
  const power = (pick: (run: NeuronRun) => number) => (name: NeuronCaseName) =>
    Math.max(...runs(name).map(pick)).toExponential(0);
  const ratio = ({ upNorm, gateNorm }: NeuronRun): string => (upNorm / gateNorm).toFixed(3);
  return table(Object.keys(neuronCases) as NeuronCaseName[], [
    ['case', (name) => neuronCases[name].name],
    ['μ', (name) => neuronCases[name].decay],
    ['cos(w1, w2)', (name) => sideBySide(runs(name), ({ cosine }) => cosine.toFixed(4))],
    [
      '\\|cos\\| above 0.99 from iteration',
      (name) => sideBySide(runs(name), (run) => run.alignedAt ?? 'never'),
    ],
    ['largest σ′', power(({ slope }) => slope)],
    ['gradient norm', power(({ gradientNorm }) => gradientNorm)],
    ['‖w1‖ / ‖w2‖', (name) => sideBySide(runs(name), ratio)],
  ]);
}

const number = (value: number): string =>
  figure(value, (v) => (v !== 0 && Math.abs(v) < 1e-4 ? v.toExponential(1) : v.toFixed(4)));
