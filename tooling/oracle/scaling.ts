/**
 * @file Where the scale of a cast comes from, said again from the policy's data (PAPER: scale = FMAX / amax of earlier
 * steps, a zero amax gives 1; the paper's code 2^⌊log2 (FMAX / amax)⌋; margin m keeps 2^m free).
 */
import type { Policy } from '@octavo/scaling';
import { exponent } from './rounding.ts';

const { fround } = Math;

/** From a maximum to a scale, in float32. */
export function scaleOf(amax: number, max: number, policy: { margin: number; powerOfTwo: boolean }): number {
  if (amax === 0) return 1;
  const scale = fround(max / fround(amax * 2 ** policy.margin));
  return policy.powerOfTwo ? 2 ** exponent(scale) : scale;
}

/** One cast's memory: the maxima of the steps so far. */
export interface Memory {
  readonly policy: Policy;
  readonly steps: number[];
}

/** The scale of the next step, or null: the tensor's own maximum. */
export function nextScale({ policy, steps }: Memory, max: number): number | null {
  if (policy.kind === 'fixed') return policy.scale;
  if (policy.kind === 'current') return null;
  if (steps.length === 0) return policy.first === 'current' ? null : 1;
  const seen = steps.slice(-policy.history);
  return scaleOf(policy.algorithm === 'max' ? Math.max(...seen) : seen.at(-1)!, max, policy);
}

/** What a state's history has to be. */
export const historyOf = ({ policy, steps }: Memory): number[] =>
  policy.kind === 'delayed' ? steps.slice(-policy.history) : [];
