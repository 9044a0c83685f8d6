/** @file The study for people: lead times rule by rule, what switching does, false alarms, and what held. */

import { type WatchLimits, watchLimits } from '@octavo/trainer';
import { claimSection } from '../engine/statements.ts';
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
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const lines = [
    '# Early warning, on an aged checkpoint and on healthy runs',
    '',
    `The outliers are planted, as in the instability study, after ${baseSteps} steps in BF16: gate and up of one channel a`,
    `layer are aligned from the first step on, so alignment and kurtosis are there to be seen at once; how long before the`,
    'loss they would show in a run in which alignment grows is not known from this.',
    `Gap: loss less that of \`bf16\` on the same batch. The loss has moved where the gap exceeds ${moved}, and is`,
    `broken where it exceeds ${broken}. The rare byte comes in every ${spikeEvery}th of ${steps} steps. Statistics are sampled at every step here; the command samples every 20th.`,
    `Limits: ${limitsInWords(watchLimits)}. They were chosen on seeds 101, 102 and 1. Seeds here: ${seeds.join(', ')}.`,
    '',
    '## When each rule speaks first, and its steps of lead before the loss has moved and before it is broken',
    '',
    `| recipe | rule | ${seeds.map((s) => `seed ${s}`).join(' | ')} |`,
    `| --- | --- |${seeds.map(() => ' --- |').join('')}`,
  ];
  for (const recipe of failing) {
    const when = (event: 'movedAt' | 'brokeAt'): string =>
      seeds
        .map((seed) => leads.find((l) => l.seed === seed && l.recipe === recipe)![event])
        .map((step) => (step === null ? 'never' : `step ${step}`))
        .join(' | ');
    lines.push(`| ${recipe} | the loss has moved | ${when('movedAt')} |`);
    lines.push(`| ${recipe} | the loss is broken | ${when('brokeAt')} |`);
    for (const rule of ruleNames)
      lines.push(
        `| ${recipe} | ${rule} | ${seeds.map((seed) => leadCell(leads.find((l) => l.seed === seed && l.recipe === recipe && l.rule === rule)!)).join(' | ')} |`,
      );
  }
  lines.push(
    '',
    '## What switching does',
    '',
    '`switch`: every rule, sampled at every step; `unsampled`: the rules that need no samples (overshoot, range).',
    '',
    '| run | gap, last half | largest gap | layers switched at steps |',
    '| --- | --- | --- | --- |',
  );
  for (const [arm, recipe] of unique(runs.map((r) => [r.arm, r.recipe] as const))) {
    const own = runs.filter((r) => r.arm === arm && r.recipe === recipe);
    const cell = (value: (run: PairedRun) => string) => own.map(value).join(' / ');
    lines.push(
      `| ${arm}, ${recipe} | ${cell((r) => r.lastGap.toFixed(4))} | ${cell((r) => r.largestGap.toFixed(4))} | ${cell(switches)} |`,
    );
  }
  lines.push(
    '',
    '## False alarms: steps at which a rule speaks in runs that do not fail',
    '',
    `| run | steps | ${ruleNames.join(' | ')} | any, in 1,000 |`,
    `| --- | --- |${ruleNames.map(() => ' --- |').join('')} --- |`,
  );
  for (const [arm, recipe] of unique(falseAlarms.map((f) => [f.arm, f.recipe] as const))) {
    const own = falseAlarms.filter((f) => f.arm === arm && f.recipe === recipe);
    const total = (of: (f: FalseAlarms) => number) => own.reduce((n, f) => n + of(f), 0);
    const all = total((f) => f.steps);
    lines.push(
      `| ${arm}, ${recipe} | ${all} | ${ruleNames.map((rule) => total((f) => f.byRule[rule])).join(' | ')} | ${((1000 * total((f) => f.any)) / all).toFixed(1)} |`,
    );
  }
  lines.push(
    '',
    '## How near each rule comes to its limit: largest measure / limit (above 1 it speaks)',
    '',
    `| runs | ${ruleNames.join(' | ')} |`,
    `| --- |${ruleNames.map(() => ' --- |').join('')}`,
  );
  const row = (name: string, of: readonly NamedRun[], from: number, to: number): void => {
    const cells = ruleNames.map((rule) => {
      const values = of.flatMap((run) => nearest(run, rule, from, to) ?? []);
      return values.length > 0 ? Math.max(...values).toPrecision(2) : '';
    });
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  };
  for (const [arm, recipe] of unique(all.filter(isHealthy).map((r) => [r.arm, r.recipe] as const)))
    row(
      `${arm}, ${recipe}`,
      all.filter((r) => r.arm === arm && r.recipe === recipe),
      1,
      Number.MAX_SAFE_INTEGER,
    );
  for (const recipe of failing) {
    const own = all.filter((r) => r.arm === 'aged' && r.recipe === recipe);
    row(`aged, ${recipe}, before the first spike`, own, 1, spikeEvery - 1);
    row(`aged, ${recipe}, from then on`, own, spikeEvery, steps);
  }
  lines.push(...claimSection(claims, (v) => (Number.isFinite(v) ? String(Number(v.toFixed(4))) : 'never')));
  return `${lines.join('\n')}\n`;
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

const limitsInWords = ({ overshoot, range, overflow, underflow, kurtosis, alignment }: WatchLimits): string =>
  [
    `overshoot ${overshoot.input} (gradients ${overshoot.grad})`,
    `range ${range.left} powers of two left`,
    `overflow ${100 * overflow} %`,
    `underflow ${100 * underflow} %`,
    `kurtosis ${kurtosis} widths`,
    `alignment ${alignment}`,
  ].join(', ');

const unique = <T extends readonly string[]>(pairs: readonly T[]): T[] => [
  ...new Map(pairs.map((pair) => [pair.join(), pair])).values(),
];
