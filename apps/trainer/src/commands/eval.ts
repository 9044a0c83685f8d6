/** @file `octavo eval`: how well a checkpoint predicts held-out text. */

import { integer } from '@octavo/trainer/record';
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { numeric, ofCheckpoint, value, values } from '../options.ts';
import { evaluate } from '../run/evaluate.ts';

export const addEvalCommand = (program: Command): void =>
  addCommand(program, {
    name: 'eval',
    summary: 'perplexity of a checkpoint on held-out text',
    description:
      'Perplexity and bits per byte of a checkpoint on held-out text: that of its run, or what --data names.',
    argument: ['<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint'],
    options: {
      data: values('<path...>', 'text to evaluate on, all of it held out'),
      textField: value('<key>', 'the key of a JSONL line that holds its text (default: that of the run)'),
      tokens: value(
        '<n>',
        'tokens to predict at most (default: as many as the run’s own evaluations; of --data, all)',
        numeric(integer(1)),
      ),
      recipe: value('<name>', 'evaluate in another recipe than it was trained in'),
      ...ofCheckpoint,
    },
    renamed: { '--blas': '--library' },
    examples: [
      ['octavo eval runs/nano-fp8-full', 'on the text that the run held out'],
      ['octavo eval runs/nano-fp8-full --data book.txt --json', 'on another text, for a program to read'],
    ],
    run: (given, path: string) => evaluate({ path, ...given }),
  });
