/** @file The study for people: lead times rule by rule, what switching does, false alarms, and what held. */
import { type GuardLimits, guardLimits } from '@octavo/trainer';
import { each, pageOf, table } from '../engine/markdown.ts';
import { sideBySide, sum } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { claimLines } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import {
  type FalseAlarms,
  isHealthy,
  type Lead,
  leadTo,
  type NamedRun,
  nearest,
  type PairedRun,
  ruleNames,
} from './results.ts';
import type { WatchSettings } from './settings.ts';

export function markdownOf(
  settings: WatchSettings,
  runs: readonly PairedRun[],
  leads: readonly Lead[],
  { runs: all, falseAlarms }: { runs: readonly NamedRun[]; falseAlarms: readonly FalseAlarms[] },
  claims: readonly Claim[],
): string {
  const { baseSteps, steps, spikeEvery, moved, broken, failing } = settings;
  const seeds = distinct(runs, 'seed');
  const when = (recipe: string, event: 'movedAt' | 'brokeAt') => (seed: number) => {
    const step = where(leads, { seed, recipe })[0]![event];
    return step === null ? 'never' : `step ${step}`;
  };
  const told = failing.flatMap((recipe) => [
    { recipe, rule: 'the loss has moved', cell: when(recipe, 'movedAt') },
    { recipe, rule: 'the loss is broken', cell: when(recipe, 'brokeAt') },
    ...ruleNames.map((rule) => ({
      ...{ recipe, rule },
      cell: (seed: number) => leadCell(where(leads, { seed, recipe, rule })[0]!),
    })),
  ]);
  const cells = (value: (run: PairedRun) => string) => (group: Group<PairedRun>) =>
    sideBySide(group.runs, value);
  const total = ({ runs: own }: Group<FalseAlarms>, of: (f: FalseAlarms) => number) => sum(own.map(of));
  const near = [
    ...byRun(all.filter(isHealthy)).map((group) => ({ ...group, from: 1, to: Number.MAX_SAFE_INTEGER })),
    ...failing.flatMap((recipe) => {
      const own = where(all, { arm: 'aged', recipe });
      return [
        { name: `aged, ${recipe}, before the first spike`, runs: own, from: 1, to: spikeEvery - 1 },
        { name: `aged, ${recipe}, from then on`, runs: own, from: spikeEvery, to: steps },
      ];
    }),
  ];
  return pageOf('watch', {
    ...{ baseSteps, steps, spikeEvery, moved, broken },
    ...{ limits: limitsInWords(guardLimits), seeds: seeds.join(', ') },
    leads: table(told, [
      ['recipe', ({ recipe }) => recipe],
      ['rule', ({ rule }) => rule],
      each(
        seeds,
        (seed) => `seed ${seed}`,
        ({ cell }, seed) => cell(seed),
      ),
    ]),
    switching: table(byRun(runs), [
      ['run', ({ name }) => name],
      ['gap, last half', cells(({ lastGap }) => lastGap.toFixed(4))],
      ['largest gap', cells(({ largestGap }) => largestGap.toFixed(4))],
      ['layers switched at steps', cells(switches)],
    ]),
    falseAlarms: table(byRun(falseAlarms), [
      ['run', ({ name }) => name],
      ['steps', (group) => total(group, (f) => f.steps)],
      each(
        ruleNames,
        (rule) => rule,
        (group, rule) => total(group, (f) => f.byRule[rule]),
      ),
      [
        'any, in 1,000',
        (group) => ((1000 * total(group, (f) => f.any)) / total(group, (f) => f.steps)).toFixed(1),
      ],
    ]),
    near: table(near, [
      ['runs', ({ name }) => name],
      each(
        ruleNames,
        (rule) => rule,
        ({ runs: own, from, to }, rule) => {
          const values = own.flatMap((run) => nearest(run, rule, from, to) ?? []);
          return values.length > 0 ? Math.max(...values).toPrecision(2) : '';
        },
      ),
    ]),
    claims: claimLines(claims, (v) => (Number.isFinite(v) ? String(Number(v.toFixed(4))) : 'never')),
  });
}

/** The seeds' runs of one arm and recipe. */
interface Group<Run> {
  readonly name: string;
  readonly runs: readonly Run[];
}
function byRun<Run extends Pick<NamedRun, 'arm' | 'recipe'>>(runs: readonly Run[]): Group<Run>[] {
  const nameOf = ({ arm, recipe }: Run): string => `${arm}, ${recipe}`;
  return [...new Set(runs.map(nameOf))].map((name) => ({
    name,
    runs: runs.filter((run) => nameOf(run) === name),
  }));
}

function leadCell(lead: Lead): string {
  const { first, movedAt, brokeAt } = lead;
  if (!first) return 'silent';
  const leads = [movedAt, brokeAt].map((event) => leadTo(lead, event) ?? 'none').join(' and ');
  return `step ${first.step}, layer ${first.layer} ${first.site} ${first.operand}: ${leads}`;
}

function switches({ alarms }: PairedRun): string {
  const layers = new Map<number, number>();
  for (const { switched, layer, step } of alarms) if (switched && !layers.has(layer)) layers.set(layer, step);
  return layers.size === 0 ? 'none' : [...layers].map(([layer, step]) => `${layer} at ${step}`).join(', ');
}

const limitsInWords = ({ overshoot, range, overflow, underflow, kurtosis, alignment }: GuardLimits): string =>
  [
    `overshoot ${overshoot.input} (gradients ${overshoot.grad})`,
    `range ${range.left} powers of two left`,
    `overflow ${100 * overflow} %`,
    `underflow ${100 * underflow} %`,
    `kurtosis ${kurtosis} widths`,
    `alignment ${alignment}`,
  ].join(', ');
