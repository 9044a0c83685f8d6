/** @file How each named model is trained unless told otherwise; a shape without a name is trained as `nano` is. */
import type { Hyperparameters } from './settings.ts';

/** The defaults of every number and choice, for one size of model. */
export interface Preset {
  /** `byte` or `llama2`. */
  readonly tokenizer: string;
  readonly hyperparameters: Hyperparameters;
}

/** Minutes on two cores. */
const nano: Hyperparameters = {
  batch: 16,
  accumulation: 1,
  sequence: 128,
  steps: 2000,
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
  keepCheckpoints: 20, // all of the run: octavo report looks at an early one and the last
  sampleEvery: 20,
  evaluateEvery: 0,
  evaluateTokens: 65_536,
  guard: 'warn',
  recompute: 'none',
  deterministic: false,
  exchange: 'float32',
  device: 'auto',
};

/** llama2.c's stories models: its own batch shapes, learning rates and warm-up. */
const stories: Hyperparameters = {
  ...nano,
  batch: 8,
  accumulation: 4,
  sequence: 256,
  steps: 10_000,
  learningRate: 5e-4,
  warmup: 500,
  floor: 0,
  checkpointEvery: 250,
  keepCheckpoints: 3,
};

/**
 * The settings of the Llama 2 paper (arXiv 2307.09288, section 2.2): cosine to 10 %, 2000 steps of warm-up, decay 0.1,
 * clip 1, 4 million tokens a batch.
 */
const llama2: Hyperparameters = {
  ...nano,
  batch: 1,
  accumulation: 1024,
  sequence: 4096,
  steps: 500_000,
  learningRate: 3e-4,
  warmup: 2000,
  epsilon: 1e-5,
  checkpointEvery: 100,
  keepCheckpoints: 3,
};

const largeStories: Hyperparameters = { ...stories, batch: 4, accumulation: 16, sequence: 1024 };

const presets = new Map<string, Preset>([
  ['nano', { tokenizer: 'byte', hyperparameters: nano }],
  [
    'stories260k', // small enough for bytes; its 512 entries leave room for a small BPE
    {
      tokenizer: 'byte',
      hyperparameters: { ...nano, sequence: 256, steps: 2000, learningRate: 2e-3, warmup: 100 },
    },
  ],
  ['stories15m', { tokenizer: 'llama2', hyperparameters: stories }],
  ['stories42m', { tokenizer: 'llama2', hyperparameters: largeStories }],
  ['stories110m', { tokenizer: 'llama2', hyperparameters: { ...largeStories, learningRate: 4e-4 } }],
  ['llama2-7b', { tokenizer: 'llama2', hyperparameters: llama2 }],
  ['llama2-13b', { tokenizer: 'llama2', hyperparameters: llama2 }],
  ['llama2-70b', { tokenizer: 'llama2', hyperparameters: { ...llama2, learningRate: 1.5e-4 } }],
]);

/** A model that is trained already goes on at a low rate: that of Alpaca (Taori et al., 2023) and of most recipes since. */
export const fineTuning: Hyperparameters = {
  ...nano,
  batch: 4,
  accumulation: 4,
  sequence: 512,
  steps: 500,
  learningRate: 2e-5,
  warmup: 20,
  weightDecay: 0,
  checkpointEvery: 100,
  keepCheckpoints: 3,
};

/** The preset of a model's name. */
export const presetOf = (model: string): Preset => presets.get(model) ?? presets.get('nano')!;
