/** @file What the guard says: which tensor is about to break, why, and what would hold. */
import type { OperandName } from '@octavo/nn';
import type { GuardRow } from '@octavo/store';
import { type Finding, isBareSwiglu, type Observation, type RuleName } from './rule.ts';
import { ruleOf } from './rules.ts';

/** What to do about an alarm. */
export type GuardPolicy = 'off' | 'warn' | 'stop' | 'switch';

/** A row of `guard.arrow`, and what is known beside. */
export interface GuardAlarm extends GuardRow {
  readonly rule: RuleName;
  readonly layer: number;
  readonly operand: OperandName;
  /** Smoothing the layer's SwiGLU would mend it. */
  readonly smooths: boolean;
}

export function alarmOf(step: number, rule: RuleName, seen: Observation, finding: Finding): GuardAlarm {
  const { layer, site, operand } = seen;
  const smooths = isBareSwiglu(seen);
  // An outlier elsewhere costs only its own block of 128 its bits where scales are per block and of the moment.
  const recipe = smooths ? 'fp8-smooth' : 'fp8-block';
  return { step, rule, layer, site, operand, ...finding, smooths, recipe, switched: false };
}

/** Which tensor, and what was seen. */
export function describeAlarm(alarm: GuardAlarm): string {
  const { layer, site, operand, rule } = alarm;
  const what = site === 'down' && operand === 'input' ? " (SwiGLU's output)" : '';
  return `layer ${layer}, ${site}, ${operand}${what}: ${ruleOf(rule).describe(alarm)}`;
}

/** What was done, or what would hold. */
export function adviceOf({ switched, smooths, layer, recipe }: GuardAlarm): string {
  if (switched) return `Smooth-SwiGLU is on for layer ${layer} from this step on`;
  return smooths
    ? `what holds: Smooth-SwiGLU for layer ${layer}, or recipe ${recipe}`
    : `what holds: recipe ${recipe}`;
}
