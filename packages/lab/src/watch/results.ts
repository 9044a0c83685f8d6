/** @file What the runs say: when each rule spoke first, when the loss moved, how often a rule spoke for nothing. */
import { guardRules, type RuleName } from '@octavo/trainer';
import { lastHalfMean, pairedGaps } from '../training/loop.ts';
import type { WatchSettings } from './settings.ts';
import type { Alarm, ArmName, WatchedRun } from './train.ts';

export interface NamedRun extends WatchedRun {
  readonly seed: number;
  readonly arm: ArmName;
  readonly recipe: string;
}

export const ruleNames: readonly RuleName[] = guardRules.map(({ name }) => name);

export type PairedRun = ReturnType<typeof pairedRuns>[number];

/** The runs from the aged checkpoint beside `bf16` on the same batches. */
export function pairedRuns({ moved, broken }: WatchSettings, runs: readonly NamedRun[]) {
  const aged = runs.filter(({ arm }) => arm === 'aged' || arm === 'switch' || arm === 'unsampled');
  return aged
    .filter(({ recipe }) => recipe !== 'bf16')
    .map((run) => {
      const bf16 = aged.find((r) => r.seed === run.seed && r.recipe === 'bf16')!;
      const gaps = pairedGaps(run.losses, bf16.losses);
      const firstAbove = (limit: number): number | null => {
        const at = gaps.findIndex((gap) => !(gap <= limit));
        return at < 0 ? null : at + 1;
      };
      return {
        ...run,
        gaps,
        lastGap: lastHalfMean(gaps),
        largestGap: Math.max(...gaps),
        /** The first steps whose gaps are above the settings' `moved` and `broken`, or null. */
        movedAt: firstAbove(moved),
        brokeAt: firstAbove(broken),
      };
    });
}

export type Lead = ReturnType<typeof leadsOf>[number];

/** Steps from a rule's first alarm to an event; negative: too late; null: it never spoke, or nothing happened. */
export const leadTo = ({ first }: Lead, event: number | null): number | null =>
  first && event !== null ? event - first.step : null;

/** How long before the loss each rule spoke, in the runs of failing recipes that are only warned; `first` is null: it never did. */
export const leadsOf = ({ failing }: WatchSettings, runs: readonly PairedRun[]) =>
  runs
    .filter(({ arm, recipe }) => arm === 'aged' && failing.includes(recipe))
    .flatMap(({ seed, recipe, alarms, movedAt, brokeAt }) =>
      ruleNames.map((rule) => {
        const first = alarms.find((alarm) => alarm.rule === rule) ?? null;
        return { seed, recipe, rule, first, movedAt, brokeAt };
      }),
    );

export type FalseAlarms = ReturnType<typeof falseAlarmsOf>[number];

/** Steps of runs that did not fail, and those among them at which a rule spoke, and any. */
export const falseAlarmsOf = (runs: readonly NamedRun[]) =>
  runs.filter(isHealthy).map(({ arm, recipe, seed, losses, alarms }) => {
    const count = (of: (alarm: Alarm) => boolean) => new Set(alarms.filter(of).map((a) => a.step)).size;
    const byRule = Object.fromEntries(
      ruleNames.map((rule) => [rule, count((alarm) => alarm.rule === rule)]),
    ) as Record<RuleName, number>;
    return { arm, recipe, seed, steps: losses.length, byRule, any: count(() => true) };
  });

/** Runs that did not fail: all that was not aged, and the aged one with Smooth-SwiGLU. */
export const isHealthy = ({ arm, recipe }: Pick<NamedRun, 'arm' | 'recipe'>): boolean =>
  arm === 'base' || arm === 'scratch' || arm === 'aligned' || (arm === 'aged' && recipe === 'fp8-smooth');

/** The nearest that a rule came to its limit in steps `from` to `to`, or null where it measured nothing. */
export function nearest({ nearness }: WatchedRun, rule: RuleName, from: number, to: number): number | null {
  const values = nearness.slice(from - 1, to).flatMap((near) => near[rule] ?? []);
  return values.length > 0 ? Math.max(...values) : null;
}
