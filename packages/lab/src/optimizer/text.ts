/** @file The study for people: gaps by pair and variant, what stalls and what goes to zero, bytes, and what held. */
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { titleOf } from './arms.ts';
import { type Comparison, lateLost, lateShare, type Start, stateTotal, timesTooLarge } from './results.ts';
import type { OptimizerSettings } from './settings.ts';

export function markdownOf(
  settings: OptimizerSettings,
  comparisons: readonly Comparison[],
  claims: readonly Claim[],
): string {
  const { scratchSteps, steps, baseSteps, spikeEvery, peak, slowSteps, slowRate } = settings;
  const seeds = [...new Set(comparisons.map(({ seed }) => seed))];
  return `${[
    "# Formats of Adam's moments",
    '',
    'Linear layers in BF16, so that nothing but the optimizer differs. m: first moment, v: second moment; each has one scale',
    'a tensor, max / amax at every step, and is rounded to nearest, unless the row says otherwise. Bounded: the second moment',
    'is raised to what the first one proves of it, and is zero only if it is; else nothing is done about those that few bits',
    "lose, as in the paper's code. The update is made from",
    'the float32 moments, which are rounded after it, as in the paper\'s code; "rounded before the update" is the other order,',
    'in which a second moment that rounds to zero leaves lr · m / ε. Norm gains stay in FP32.',
    `Gap: loss less that of FP32 moments on the same batch, nats per byte. Seeds ${seeds.join(', ')}.`,
    '',
    `## From scratch: ${scratchSteps} steps, learning rate 3e-3, clipped at 1`,
    '',
    ...table(comparisons, 'scratch', seeds),
    '',
    `## From an aged checkpoint: ${steps} steps, not clipped`,
    '',
    `The outliers are planted, as in the instability study: after ${baseSteps} steps one channel of each layer puts out`,
    `${peak.toExponential()} on a rare byte, which comes at every ${spikeEvery}th step.`,
    '',
    ...table(comparisons, 'aged', seeds),
    '',
    '## The control: rescaled in the same way, with nothing planted',
    '',
    ...table(comparisons, 'rescaled', seeds),
    '',
    'Last half: mean gap over the last half of the steps; largest: at that step. Stalled: share of the second moments whose',
    'code stays in a step, so that the value goes less than half of the way that its exact update would; zero: share stored',
    'as zero though the exact one is not (both: mean of the last half of the samples). Too large: stored second moment over',
    'the one that float32 would have kept from the same gradients, geometric mean at the last sample.',
    '',
    'By arithmetic, under a scale that stays: rounded to nearest, an element without gradient never falls in E5M2, since 5 %',
    'is less than half a step; in E4M3 it stops at 1.125 or 1.25 times a power of two. A scale of max / amax moves at every',
    'step, and shakes codes loose; a power of two mostly stays.',
    '',
    'From scratch few second moments are zero in E4M3 (chart `underflows`), but an embedding row whose byte is not in the batch',
    'has no gradient, so that a zero second moment leaves lr · m / ε of the step, in whichever order. The bounded rule takes',
    'just such steps away: its rows say how much of the gaps is theirs. From the aged checkpoint nearly all of `down` is zero,',
    'but has gradients.',
    '',
    '## What master weights lose',
    '',
    `From the base as it was trained, ${slowSteps} steps at the rate of ${slowRate.toExponential()} where Llama2 7B ends, clipped at 1.`,
    'Lost: share of the updates, not zero, that leave the stored weight as it would be without (mean of the last half of the',
    'samples); rounded stochastically such an update is only unlucky, and the weight moves on average as it should.',
    'Held out: loss at the end less that of FP32 on the same batches, nats per byte.',
    '',
    '| | lost, slowly | held out, slowly | lost, from scratch | held out, from scratch |',
    '| --- | --- | --- | --- | --- |',
    ...masterRows(comparisons, seeds),
    '',
    "## Bytes a parameter of the optimizer's state",
    '',
    '| | master | m | v | together |',
    '| --- | --- | --- | --- | --- |',
    ...bytesRows(comparisons),
    ...claimSection(claims, (v) => number(v)),
  ].join('\n')}\n`;
}

function table(comparisons: readonly Comparison[], start: Start, seeds: readonly number[]): string[] {
  const names = [...new Set(comparisons.filter((c) => c.start === start).map((c) => c.optimizer))];
  return [
    '| | last half | largest (step) | stalled | zero | too large |',
    '| --- | --- | --- | --- | --- | --- |',
    ...names.map((name) => {
      const own = seeds.flatMap(
        (seed) => comparisons.find((c) => c.start === start && c.optimizer === name && c.seed === seed) ?? [],
      );
      const cell = (of: (c: Comparison) => string): string => own.map(of).join(' / ');
      const share = (of: 'stalled' | 'underflowed') => (c: Comparison) =>
        percent(lateShare(c, of), of === 'underflowed' ? 2 : 1);
      return `| ${titleOf(name)} | ${cell((c) => number(c.lastGap))} | ${cell((c) => `${number(c.largestGap, 3)} (${c.worstStep})`)} | ${cell(share('stalled'))} | ${cell(share('underflowed'))} | ${cell((c) => times(timesTooLarge(c)))} |`;
    }),
  ];
}

/** Of the optimizers that were trained slowly. */
function masterRows(comparisons: readonly Comparison[], seeds: readonly number[]): string[] {
  const names = [...new Set(comparisons.filter((c) => c.start === 'slow').map((c) => c.optimizer))];
  return names.map((name) => {
    const cell = (start: Start, of: (c: Comparison) => string): string =>
      seeds
        .flatMap(
          (seed) =>
            comparisons.find((c) => c.start === start && c.optimizer === name && c.seed === seed) ?? [],
        )
        .map(of)
        .join(' / ') || '–';
    const cells = (['slow', 'scratch'] as const).flatMap((start) => [
      cell(start, (c) => percent(lateLost(c))),
      cell(start, ({ heldOutGap }) => (heldOutGap === null ? 'broke' : number(heldOutGap, 5))),
    ]);
    return `| ${titleOf(name)} | ${cells.join(' | ')} |`;
  });
}

/** The first optimizer of each size: rounding and scale cost no bytes. */
function bytesRows(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map((c) => {
    const bytes = [...c.bytes.map(({ stored, onDevice }) => onDevice ?? stored), stateTotal(c)];
    return { name: titleOf(c.optimizer), cells: bytes.map((v) => v.toFixed(2)).join(' | ') };
  });
  return rows
    .filter(({ cells }, i) => rows.findIndex((row) => row.cells === cells) === i)
    .map(({ name, cells }) => `| ${name} | ${cells} |`);
}

const number = (value: number, digits = 4): string =>
  !Number.isFinite(value) ? 'broke' : Math.abs(value) >= 100 ? value.toExponential(1) : value.toFixed(digits);
const percent = (share: number | null, digits = 1): string =>
  share === null ? '–' : `${(100 * share).toFixed(digits)} %`;
const times = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
