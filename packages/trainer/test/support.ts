import type { LlamaConfig } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import type { BatchSource, TokenBatch, TrainPlan } from '../src/index.ts';

export const tinyModel: LlamaConfig = {
  vocabularySize: 32,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 24,
  contextLength: 8,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};

export const tinyPlan = (recipe: string, changes: Partial<TrainPlan> = {}): TrainPlan => ({
  model: tinyModel,
  recipe: recipeOf(recipe),
  batch: 2,
  accumulation: 1,
  sequence: 8,
  steps: 6,
  seed: 3,
  schedule: { kind: 'cosine', peak: 1e-2, warmup: 2, steps: 6, floor: 0.1 },
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  clip: 1,
  nonFinite: 'stop',
  checkpointEvery: 0,
  keepCheckpoints: 0,
  sampleEvery: 2,
  evaluateEvery: 0,
  ...changes,
});

/** Windows of a text that goes round in a circle, in order. */
export function circleSource(plan: TrainPlan): Omit<BatchSource, 'next'> & { next(): TokenBatch } {
  let at = 0;
  const token = (i: number) => (i * i * 3 + i * 5) % plan.model.vocabularySize;
  return {
    next(): TokenBatch {
      const start = at;
      at += plan.batch * plan.sequence;
      const length = plan.batch * plan.sequence;
      return {
        tokens: Array.from({ length }, (_, i) => token(start + i)),
        targets: Array.from({ length }, (_, i) => token(start + i + 1)),
      };
    },
    position: () => ({ at }),
    seek(position) {
      at = (position as { at: number }).at;
    },
  };
}
