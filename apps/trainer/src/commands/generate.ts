/** @file `octavo generate`: text from a checkpoint, as it is made. */

import { hyperparameters, integer, number } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { numeric, ofCheckpoint, required, value, withDefault } from '../options.ts';
import { generateText } from '../run/generate.ts';

export const addGenerateCommand = (program: Command): void =>
  addCommand(program, {
    name: 'generate',
    summary: 'text from a checkpoint',
    description: 'Continue a text with a trained model. The same seed gives the same text.',
    argument: ['<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint'],
    options: {
      prompt: required('<text>', 'the text to continue'),
      tokens: withDefault('<n>', 'tokens to make at most', 256, numeric(integer(1))),
      temperature: withDefault('<x>', '0: always the most probable token', 0.8, numeric(number(0))),
      topK: withDefault('<n>', 'draw among the k most probable only; 0: all', 0, numeric(integer(0))),
      seed: withDefault('<n>', 'of the draws', 1, numeric(hyperparameters.seed)),
      recipe: value('<name>', 'compute in another recipe than it was trained in'),
      ...ofCheckpoint,
      device: { ...ofCheckpoint.device, shown: true },
    },
    renamed: { '--blas': '--library' },
    examples: [
      ['octavo generate runs/nano-fp8-full --prompt "My fellow Americans"', 'from a run’s newest checkpoint'],
      ['octavo generate step-00000600.arrow --prompt "The" --temperature 0', 'from one file, without chance'],
    ],
    run: (given, path: string) => generateText({ path, ...given }),
  });
