/** @file How `nano` is trained unless told otherwise: minutes on two cores. */
import type { Preset } from './preset.ts';

export const nano: Preset = {
  tokenizer: 'byte',
  hyperparameters: {
    batch: 16,
    accumulation: 1,
    sequence: 128,
    steps: 1500,
    seed: 1,
    learningRate: 3e-3,
    warmup: 50,
    schedule: 'cosine',
    floor: 0.1,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    clip: 1,
    nonFinite: 'stop',
    skipLimit: 8,
    checkpointEvery: 100,
    keepCheckpoints: 15, // all of the run: octavo report looks at an early one and the last
    sampleEvery: 20,
    evaluateEvery: 0,
    evaluateTokens: 65_536,
    guard: 'warn',
    device: 'auto',
  },
};
