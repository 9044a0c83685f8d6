/** @file `octavo eval`: how well a checkpoint predicts held-out text. */
import type { Command } from 'commander';
import { integer } from '../config/fields.ts';
import { type Config, hyperparameters } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { evaluate } from '../run/evaluate.ts';

interface EvalOptions extends GlobalOptions {
  readonly data?: string[];
  readonly tokens?: number;
  readonly textField?: string;
  readonly device?: NonNullable<Config['device']>;
  readonly recipe?: string;
  readonly threads?: number;
  readonly force?: true;
  readonly blas?: string;
  readonly tokenizer?: string;
}

export function addEvalCommand(program: Command): void {
  const command = program
    .command('eval')
    .summary('perplexity of a checkpoint on held-out text')
    .description(
      'Perplexity and bits per byte of a checkpoint on held-out text: that of its run, or what --data names.',
    )
    .argument('<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint')
    .option('--data <path...>', 'text to evaluate on, all of it held out')
    .option('--text-field <key>', 'the key of a JSONL line that holds its text (default: that of the run)')
    .option(
      '--tokens <n>',
      'tokens to predict at most (default: as many as the run’s own evaluations; of --data, all)',
      numeric(integer(1)),
    )
    .option('--recipe <name>', 'evaluate in another recipe than it was trained in')
    .option('--device <name>', 'auto, simd, gpu, …', word(hyperparameters.device))
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)))
    .option(
      '--blas <off|auto|path>',
      'the machine’s BLAS for large products of the simd device (default: auto)',
    )
    .option('--tokenizer <file>', 'where the checkpoint’s tokenizer.json is now, if its run does not say')
    .option('--force', 'try it though this machine seems to have too little memory');
  examples(command, [
    ['octavo eval runs/nano-fp8-full', 'on the text that the run held out'],
    ['octavo eval runs/nano-fp8-full --data book.txt --json', 'on another text, for a program to read'],
  ]);
  command.action(async (checkpoint: string, _, invoked: Command) => {
    const { data, tokens, textField, recipe, device, threads, blas, tokenizer, force, json } =
      invoked.optsWithGlobals<EvalOptions>();
    await evaluate({
      path: checkpoint,
      data: data ?? null,
      recipe: recipe ?? null,
      tokens: tokens ?? null,
      textField: textField ?? null,
      device: device ?? 'auto',
      threads: threads ?? null,
      blas: blas ?? 'auto',
      tokenizer: tokenizer ?? null,
      force: force === true,
      json: json === true,
    });
  });
}
