/** @file The study for people: the grid, FP8 beside it, Theorem 1, and what held. */
import { pageOf, table } from '../engine/markdown.ts';
import { figure, mean, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { gapsOf, largestJump, lastGap, lastSample, lastSteps, type Results, runsAt } from './results.ts';
import type { AlignmentSettings, Arm, Point } from './settings.ts';
import { type NeuronCaseName, type NeuronRun, neuronCases } from './theorem.ts';
import type { NaturalRun } from './train.ts';

export function markdownOf(settings: AlignmentSettings, results: Results, claims: readonly Claim[]): string {
  const { steps, warmup, batch, sequence, model, compared } = settings;
  const seeds = distinct(results.natural, 'seed');
  return pageOf('alignment', {
    ...{ steps, batch, sequence, warmup, ...compared },
    ...{ layers: model.layers, width: model.hiddenSize, channels: model.ffnSize },
    seeds: seeds.length > 1 ? `Seeds ${seeds.join(', ')}, a figure each` : `Seed ${seeds[0]}`,
    grid: gridTable(settings, results),
    comparison: comparisonTable(settings, results),
    theorem: theoremTable(results),
    claims: claimLines(claims, number),
  });
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

function comparisonTable(settings: AlignmentSettings, { natural }: Results): string[] {
  const { compared } = settings;
  const last = lastSteps(settings);
  const runs = (arm: Arm) => runsAt(natural, compared, arm);
  const loss = ({ losses }: NaturalRun): number => mean(losses.slice(-last).map((v) => v ?? Number.NaN));
  const gaps = (arm: Arm): string =>
    sideBySide(gapsOf(settings, natural, arm), (run) => lastGap(settings, run.gaps).toFixed(4)) || '–';
  return table<Arm>(
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
  );
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
