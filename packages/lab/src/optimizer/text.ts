/** @file The study for people: gaps by pair and variant, what stalls and what goes to zero, bytes, and what held. */
import { each, page, table } from '../engine/markdown.ts';
import { figure, percent, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
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
  const seeds = distinct(comparisons, 'seed');
  return page(
    "# Formats of Adam's moments",
    'Linear layers in BF16, so that nothing but the optimizer differs. m: first moment, v: second moment; each has one scale',
    'a tensor, max / amax at every step, and is rounded to nearest, unless the row says otherwise. Bounded: the second moment',
    'is raised to what the first one proves of it, and is zero only if it is; else nothing is done about those that few bits',
    "lose, as in the paper's code. The update is made from",
    'the float32 moments, which are rounded after it, as in the paper\'s code; "rounded before the update" is the other order,',
    'in which a second moment that rounds to zero leaves lr · m / ε. Norm gains stay in FP32.',
    `Gap: loss less that of FP32 moments on the same batch, nats per byte. Seeds ${seeds.join(', ')}.`,
    `## From scratch: ${scratchSteps} steps, learning rate 3e-3, clipped at 1`,
    ...gapsTable(comparisons, 'scratch'),
    `## From an aged checkpoint: ${steps} steps, not clipped`,
    `The outliers are planted, as in the instability study: after ${baseSteps} steps one channel of each layer puts out`,
    `${peak.toExponential()} on a rare byte, which comes at every ${spikeEvery}th step.`,
    ...gapsTable(comparisons, 'aged'),
    '## The control: rescaled in the same way, with nothing planted',
    ...gapsTable(comparisons, 'rescaled'),
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
    '## What master weights lose',
    `From the base as it was trained, ${slowSteps} steps at the rate of ${slowRate.toExponential()} where Llama2 7B ends, clipped at 1.`,
    'Lost: share of the updates, not zero, that leave the stored weight as it would be without (mean of the last half of the',
    'samples); rounded stochastically such an update is only unlucky, and the weight moves on average as it should.',
    'Held out: loss at the end less that of FP32 on the same batches, nats per byte.',
    ...mastersTable(comparisons),
    "## Bytes a parameter of the optimizer's state",
    ...bytesTable(comparisons),
    ...claimSection(claims, number),
  );
}

/** An optimizer and its figures from `start`, one a seed. */
const cells =
  (comparisons: readonly Comparison[], start: Start, write: (run: Comparison) => string) =>
  (optimizer: string): string =>
    sideBySide(where(comparisons, { start, optimizer }), write);

function gapsTable(comparisons: readonly Comparison[], start: Start): string[] {
  const column = (write: (run: Comparison) => string) => cells(comparisons, start, write);
  return table(distinct(where(comparisons, { start }), 'optimizer'), [
    ['', titleOf],
    ['last half', column(({ lastGap }) => number(lastGap))],
    ['largest (step)', column(({ largestGap, worstStep }) => `${number(largestGap, 3)} (${worstStep})`)],
    ['stalled', column((run) => percent(lateShare(run, 'stalled')))],
    ['zero', column((run) => percent(lateShare(run, 'underflowed'), 2))],
    ['too large', column((run) => timesTooLarge(run)?.toFixed(2) ?? '–')],
  ]);
}

/** Of the optimizers that were trained slowly. */
function mastersTable(comparisons: readonly Comparison[]): string[] {
  const column = (start: Start, write: (run: Comparison) => string) => (optimizer: string) =>
    cells(comparisons, start, write)(optimizer) || '–';
  const lost = (run: Comparison): string => percent(lateLost(run));
  const heldOut = ({ heldOutGap }: Comparison) => (heldOutGap === null ? 'broke' : number(heldOutGap, 5));
  return table(distinct(where(comparisons, { start: 'slow' }), 'optimizer'), [
    ['', titleOf],
    ['lost, slowly', column('slow', lost)],
    ['held out, slowly', column('slow', heldOut)],
    ['lost, from scratch', column('scratch', lost)],
    ['held out, from scratch', column('scratch', heldOut)],
  ]);
}

/** The first optimizer of each size: rounding and scale cost no bytes. */
function bytesTable(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map((run) => {
    const parts = run.bytes.map(({ stored, onDevice }) => onDevice ?? stored);
    return { run, bytes: [...parts, stateTotal(run)].map((v) => v.toFixed(2)) };
  });
  return table(
    rows.filter(({ bytes }, i) => rows.findIndex((row) => row.bytes.join() === bytes.join()) === i),
    [
      ['', ({ run }) => titleOf(run.optimizer)],
      each(
        [...['master', 'm', 'v', 'together'].entries()],
        ([, part]) => part,
        ({ bytes }, [i]) => bytes[i]!,
      ),
    ],
  );
}

const number = (value: number, digits = 4): string =>
  figure(value, (v) => (Math.abs(v) >= 100 ? v.toExponential(1) : v.toFixed(digits)));
