/** @file How Meta's Llama 2 shapes are trained: the settings of the Llama 2 paper (arXiv 2307.09288, section 2.2). */
import { nano } from './nano.ts';
import type { Preset } from './preset.ts';

/** Cosine to 10 %, 2000 steps of warm-up, decay 0.1, clip 1, 4 million tokens a batch. */
export const llama2_7b: Preset = {
  tokenizer: 'llama2',
  hyperparameters: {
    ...nano.hyperparameters,
    batch: 1,
    accumulation: 1024,
    sequence: 4096,
    steps: 500_000,
    learningRate: 3e-4,
    warmup: 2000,
    epsilon: 1e-5,
    checkpointEvery: 100,
    keepCheckpoints: 3,
  },
};

export const llama2_13b: Preset = llama2_7b;

export const llama2_70b: Preset = {
  ...llama2_7b,
  hyperparameters: { ...llama2_7b.hyperparameters, learningRate: 1.5e-4 },
};
