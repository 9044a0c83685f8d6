/** @file The step that devices are measured by: the same plan and the same tokens every time. */
import type { TrainPlan } from './plan.ts';
import type { TokenBatch } from './transfer.ts';

/** AdamW with clipping at a constant rate, one micro-batch; nothing is sampled, saved or evaluated. */
export const measuringPlan = (
  shape: Pick<TrainPlan, 'model' | 'recipe' | 'batch' | 'sequence' | 'steps'>,
): TrainPlan => ({
  ...shape,
  accumulation: 1,
  seed: 1,
  schedule: { kind: 'constant', peak: 1e-4, warmup: 0 },
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  clip: 1,
  nonFinite: 'continue',
  checkpointEvery: 0,
  keepCheckpoints: 0,
  sampleEvery: 0,
  evaluateEvery: 0,
});

/** Pseudo-random tokens of a vocabulary, each the target of the one before it. */
export function measuringBatch(length: number, vocabularySize: number): TokenBatch {
  const token = (i: number): number => (i * i * 7 + i * 13) % vocabularySize;
  return {
    tokens: Array.from({ length }, (_, i) => token(i)),
    targets: Array.from({ length }, (_, i) => token(i + 1)),
  };
}
