/** @file What a preset is: the defaults of every number and choice, for one size of model. */
import type { Hyperparameters } from '../schema.ts';

export interface Preset {
  /** `byte`, `llama2`, or null where the configuration has to say. */
  readonly tokenizer: string | null;
  readonly hyperparameters: Hyperparameters;
}
