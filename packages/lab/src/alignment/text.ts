/** @file The study for people: the grid, FP8 beside it, Theorem 1, and what held. */

import { mean } from '../engine/numbers.ts';
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { gapsOf, largestJump, lastGap, lastSample, lastSteps, type Results, runsAt } from './results.ts';
import type { AlignmentSettings, Arm } from './settings.ts';
import { type NeuronCaseName, neuronCases } from './theorem.ts';
import type { NaturalRun } from './train.ts';

export function markdownOf(settings: AlignmentSettings, results: Results, claims: readonly Claim[]): string {
  const { steps, warmup, batch, sequence, model } = settings;
  const seeds = [...new Set(results.natural.map(({ seed }) => seed))];
  return `${[
    '# Alignment of gate and up',
    '',
    `Natural training, nothing planted: ${steps} steps of ${batch} × ${sequence} bytes, ${model.layers} layers of width ${model.hiddenSize} with ${model.ffnSize} channels each, the learning`,
    `rate constant after ${warmup} steps. ${seeds.length > 1 ? `Seeds ${seeds.join(', ')}, a figure each` : `Seed ${seeds[0]}`}. What aligned channels do to FP8 when they are planted is another`,
    'study (`octavo study instability`) and another result: here FP8 does not fail.',
    '',
    '## The grid, after the last step, BF16',
    '',
    ...gridTable(settings, results),
    '',
    "Strangers: each gate with the next channel's up, the control. Largest ratio: SwiGLU's largest output of a step over its",
    'largest of the 16 steps before, after warm-up.',
    '',
    '## FP8 beside it',
    '',
    ...comparison(settings, results),
    '',
    '## Theorem 1 on single neurons',
    '',
    'Stationary: μ w1 = −A w2 and μ w2 = −A w1 with one symmetric A, once every gate is saturated (arXiv 2409.12517). It follows',
    'that A (w1 ± w2) = ∓μ (w1 ± w2), so w1 = ±w2 unless both −μ and +μ are eigenvalues of A. Targets of both signs make them so.',
    '',
    ...theoremTable(results),
    ...claimSection(claims, number),
  ].join('\n')}\n`;
}

function gridTable({ decays, rates, model, warmup }: AlignmentSettings, { natural }: Results): string[] {
  const rows = decays.flatMap((decay) =>
    rates.map((rate) => {
      const runs = runsAt(natural, { decay, rate });
      const layers = (pick: (run: NaturalRun, layer: number) => number, digits: number): string =>
        Array.from({ length: model.layers }, (_, layer) =>
          list(
            runs.map((run) => pick(run, layer)),
            digits,
          ),
        ).join(' \\| ');
      const cells = [
        decay,
        rate,
        layers((run, layer) => lastSample(run, layer).mean, 2),
        layers((run, layer) => 100 * lastSample(run, layer).above8, 1),
        layers((run, layer) => lastSample(run, layer).max, 2),
        list(
          runs.map((run) => lastSample(run, 0).strangers),
          2,
        ),
        list(
          runs.map((run) => Math.max(...run.peaks.map((layer) => layer.at(-1)!))),
          0,
        ),
        list(
          runs.map((run) => largestJump(run, warmup)),
          2,
        ),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  return [
    '| decay | learning rate | mean \\|cos\\|, by layer | above 0.8, % | largest \\|cos\\| | strangers, layer 0 | largest output | largest ratio |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ];
}

function comparison(settings: AlignmentSettings, { natural }: Results): string[] {
  const { compared } = settings;
  const row = (arm: Arm): string => {
    const runs = runsAt(natural, compared, arm);
    const gaps =
      arm === 'bf16' ? [] : gapsOf(settings, natural, arm).map(({ gaps: all }) => lastGap(settings, all));
    const cosine = list(
      runs.map((run) => lastSample(run, 0).mean),
      2,
    );
    const losses = runs.map((run) =>
      mean(run.losses.slice(-lastSteps(settings)).map((v) => v ?? Number.NaN)),
    );
    return `| \`${arm}\` | ${list(losses, 3)} | ${gaps.length > 0 ? list(gaps, 4) : '–'} | ${cosine} |`;
  };
  return [
    `Decay ${compared.decay}, learning rate ${compared.rate}, the same batches; \`bf16-nudged\` is BF16 from weights moved by one rounding: what chance does.`,
    '',
    `| | loss, last ${lastSteps(settings)} steps | less that of bf16 | mean \\|cos\\|, layer 0 |`,
    '| --- | --- | --- | --- |',
    row('bf16'),
    row('fp8'),
    row('bf16-nudged'),
  ];
}

function theoremTable({ neurons }: Results): string[] {
  return [
    '| case | μ | cos(w1, w2) | \\|cos\\| above 0.99 from iteration | largest σ′ | gradient norm | ‖w1‖ / ‖w2‖ |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...(Object.keys(neuronCases) as NeuronCaseName[]).map((name) => {
      const runs = neurons.filter((run) => run.case === name);
      const power = (pick: (run: (typeof runs)[number]) => number): string =>
        Math.max(...runs.map(pick)).toExponential(0);
      const cells = [
        neuronCases[name].name,
        neuronCases[name].decay,
        list(
          runs.map(({ cosine }) => cosine),
          4,
        ),
        runs.map(({ alignedAt }) => alignedAt ?? 'never').join(' / '),
        power(({ slope }) => slope),
        power(({ gradientNorm }) => gradientNorm),
        list(
          runs.map(({ upNorm, gateNorm }) => upNorm / gateNorm),
          3,
        ),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

const list = (values: readonly number[], digits: number): string =>
  values.map((v) => v.toFixed(digits)).join(' / ');

const number = (value: number): string =>
  Number.isFinite(value)
    ? value !== 0 && Math.abs(value) < 1e-4
      ? value.toExponential(1)
      : value.toFixed(4)
    : 'broke';
