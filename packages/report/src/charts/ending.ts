/** @file How a run ended: means that a single noisy step does not move. */
import type { StepPoint } from './rows.ts';

/** Mean loss of the last twentieth of the steps, of five at least; null if none of them is finite. */
export function finalLoss(
  steps: readonly StepPoint[],
): { readonly loss: number; readonly over: number } | null {
  const last = steps.slice(-Math.max(5, Math.round(steps.length / 20)));
  const losses = last.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (losses.length === 0) return null;
  return { loss: losses.reduce((a, b) => a + b, 0) / losses.length, over: losses.length };
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
