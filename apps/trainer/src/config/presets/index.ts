/** @file The presets by the model's name; a shape without a name is trained as `nano` is. */
import { llama2_7b, llama2_13b, llama2_70b } from './llama2.ts';
import { nano } from './nano.ts';
import type { Preset } from './preset.ts';
import { stories15m, stories110m, stories260k } from './stories.ts';

const presets = new Map<string, Preset>([
  ['nano', nano],
  ['stories260k', stories260k],
  ['stories15m', stories15m],
  ['stories110m', stories110m],
  ['llama2-7b', llama2_7b],
  ['llama2-13b', llama2_13b],
  ['llama2-70b', llama2_70b],
]);

export const presetOf = (model: string): Preset => presets.get(model) ?? nano;
