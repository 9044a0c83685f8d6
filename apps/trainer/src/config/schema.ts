/** @file Everything a configuration file may say. Unknown keys are refused; what is left out comes from the model's preset. */

import { fields, hyperparameters, integer, number, text } from '@octavo/trainer/record';
import { z } from 'zod';
import { modelSchema } from './model-schema.ts';
import { recipeSchema } from './recipe-schema.ts';

const paths = z.union(
  [text('a path'), z.array(text('a path'), { error: 'paths' }).min(1, { error: 'at least one path' })],
  {
    error: 'a path or a list of paths',
  },
);

const dataSchema = fields({
  /** Text files, folders, JSONL files, or folders of token shards. */
  train: paths,
  /** Held-out text, or the fraction of the training text that is held out. */
  heldOut: z.union([number(0, 0.5), paths], { error: 'paths, or a fraction from 0 to 0.5' }).optional(),
  tokenizer: text('byte, llama2, or the path of a tokenizer.json').optional(),
  /** The key of a JSONL line that holds its text. */
  textField: text('the name of a key').optional(),
});

const optional = Object.fromEntries(
  Object.entries(hyperparameters).map(([key, schema]) => [key, schema.optional()]),
) as {
  [K in keyof typeof hyperparameters]: z.ZodOptional<(typeof hyperparameters)[K]>;
};

export const configSchema = fields({
  model: modelSchema.optional(),
  recipe: recipeSchema.optional(),
  /** A trained model to start from: a Hugging Face folder, a .safetensors file with config.json beside it, a checkpoint or a run. */
  init: text('a model’s folder or file').optional(),
  data: dataSchema.optional(),
  ...optional,
  threads: integer(1, 256).optional(),
  /** The machine's library for products of the simd device. */
  library: text('auto, off, onednn, blas, or the path of a library').optional(),
  out: text('a folder').optional(),
});

/** A configuration as a file or the command line gives it. */
export type Config = z.output<typeof configSchema>;
