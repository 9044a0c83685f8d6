/** @file Learning rate by step: a linear warm-up, then a decay, as plain data and a pure function. */

export type Schedule =
  | { readonly kind: 'constant'; readonly peak: number; readonly warmup: number }
  | {
      readonly kind: 'cosine' | 'linear';
      readonly peak: number;
      readonly warmup: number;
      readonly steps: number;
      readonly floor: number;
    };

/**
 * Learning rate of step `step` (the first is 0). Warm-up reaches `peak` at step `warmup`; `cosine` and `linear` then fall
 * to `floor · peak` at `steps`, and stay (cosine: Loshchilov and Hutter, arXiv 1608.03983).
 */
export function learningRate(schedule: Schedule, step: number): number {
  const { peak, warmup } = schedule;
  if (step < warmup) return (peak * (step + 1)) / (warmup + 1);
  if (schedule.kind === 'constant') return peak;
  const { steps, floor } = schedule;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  const shape = schedule.kind === 'cosine' ? (1 + Math.cos(Math.PI * progress)) / 2 : 1 - progress;
  return peak * (floor + (1 - floor) * shape);
}
