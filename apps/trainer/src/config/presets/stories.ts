/** @file How llama2.c's stories models are trained: its own batch shapes, learning rates and warm-up. */
import { nano } from './nano.ts';
import type { Preset } from './preset.ts';

/** Small enough for a byte vocabulary (its 512 entries leave room for a small BPE). */
export const stories260k: Preset = {
  tokenizer: 'byte',
  hyperparameters: {
    ...nano.hyperparameters,
    batch: 16,
    sequence: 256,
    steps: 2000,
    learningRate: 2e-3,
    warmup: 100,
  },
};

export const stories15m: Preset = {
  tokenizer: 'llama2',
  hyperparameters: {
    ...nano.hyperparameters,
    batch: 8,
    accumulation: 4,
    sequence: 256,
    steps: 10_000,
    learningRate: 5e-4,
    warmup: 500,
    floor: 0,
    checkpointEvery: 250,
    keepCheckpoints: 3,
  },
};

export const stories110m: Preset = {
  tokenizer: 'llama2',
  hyperparameters: {
    ...stories15m.hyperparameters,
    batch: 4,
    accumulation: 16,
    sequence: 1024,
    learningRate: 4e-4,
  },
};
