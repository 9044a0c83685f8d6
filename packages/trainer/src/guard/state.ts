/** @file What the guard remembers, as plain data that a checkpoint keeps, and the pure function that moves it on. */
import { OctavoError } from '@octavo/formats';
import { alarmOf, type GuardAlarm, type GuardPolicy } from './alarm.ts';
import { type GuardLimits, guardLimits } from './limits.ts';
import type { Observation, RuleName } from './rule.ts';
import { guardRules } from './rules.ts';

/** The guard’s part of a plan: it decides about the run where it switches, so it is part of what determines one. */
export interface GuardPlan {
  readonly policy: GuardPolicy;
  readonly limits: GuardLimits;
}

export const guardPlan = (policy: GuardPolicy, limits: Partial<GuardLimits> = {}): GuardPlan => ({
  policy,
  limits: { ...guardLimits, ...limits },
});

export interface GuardState {
  /** The step at which a rule last spoke of a tensor, by `rule.layer.site.operand`. */
  readonly told: Readonly<Record<string, number>>;
  /** Alarms that smoothing a layer would have mended, and that nobody has acted on: one a layer, the first. */
  readonly pending: readonly GuardAlarm[];
}

export const initGuard = (): GuardState => ({ told: {}, pending: [] });

/** How near each rule came to an alarm: the largest value / limit; 1: at the limit. */
export type Nearness = Readonly<Partial<Record<RuleName, number>>>;

/** The state after a step, and the alarms that are new at it: a rule is silent about a tensor that it has just spoken of. */
export function judge(
  state: GuardState,
  step: number,
  observations: readonly Observation[],
  limits: GuardLimits,
): { state: GuardState; alarms: GuardAlarm[]; nearness: Nearness } {
  const told = { ...state.told };
  const alarms: GuardAlarm[] = [];
  const nearness: Partial<Record<RuleName, number>> = {};
  for (const seen of observations) {
    for (const rule of guardRules) {
      const finding = rule.measure(seen, limits);
      if (!finding) continue;
      const { value, limit } = finding;
      nearness[rule.name] = Math.max(nearness[rule.name] ?? 0, value / limit);
      if (!(value > limit)) continue;
      const key = `${rule.name}.${seen.layer}.${seen.site}.${seen.operand}`;
      const last = told[key];
      if (last !== undefined && step - last < limits.repeatAfter) continue;
      told[key] = step;
      alarms.push(alarmOf(step, rule.name, seen, finding));
    }
  }
  if (alarms.length === 0) return { state, alarms, nearness };
  const pending = [...state.pending];
  for (const alarm of alarms)
    if (alarm.smooths && !pending.some(({ layer }) => layer === alarm.layer)) pending.push(alarm);
  return { state: { told, pending }, alarms, nearness };
}

/** A state from a checkpoint, checked. */
export function checkGuard(value: unknown, where: string): GuardState {
  const isRecord = (v: unknown): v is Record<string, unknown> =>
    typeof v === 'object' && v !== null && !Array.isArray(v);
  const told = isRecord(value) ? value.told : undefined;
  const pending = isRecord(value) ? value.pending : undefined;
  const whole =
    isRecord(told) &&
    Object.values(told).every(Number.isSafeInteger) &&
    Array.isArray(pending) &&
    pending.every((alarm) => isRecord(alarm) && Number.isSafeInteger(alarm.layer));
  if (!whole)
    throw new OctavoError(`[trainer] ${where}: got no state of the guard, expected told and pending`);
  return value as unknown as GuardState;
}
