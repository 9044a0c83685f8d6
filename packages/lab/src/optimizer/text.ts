/** @file The study for people: gaps by pair and variant, what stalls and what goes to zero, bytes, and what held. */
import { each, pageOf, table } from '../engine/markdown.ts';
import { figure, percent, sideBySide } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
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
  return pageOf('optimizer', {
    ...{ scratchSteps, steps, baseSteps, spikeEvery, peak: peak.toExponential() },
    ...{ slowSteps, slowRate: slowRate.toExponential(), seeds: distinct(comparisons, 'seed').join(', ') },
    scratch: gapsTable(comparisons, 'scratch'),
    aged: gapsTable(comparisons, 'aged'),
    rescaled: gapsTable(comparisons, 'rescaled'),
    masters: mastersTable(comparisons),
    bytes: bytesTable(comparisons),
    claims: claimLines(claims, number),
  });
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
