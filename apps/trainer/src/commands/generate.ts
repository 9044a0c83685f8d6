/** @file `octavo generate`: text from a checkpoint, as it is made. */
import type { Command } from 'commander';
import { integer, number } from '../config/fields.ts';
import { type Config, hyperparameters } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { generateText } from '../run/generate.ts';

interface GenerateOptions extends GlobalOptions {
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly seed: number;
  readonly device: NonNullable<Config['device']>;
  readonly recipe?: string;
  readonly threads?: number;
  readonly force?: true;
  readonly blas?: string;
  readonly tokenizer?: string;
}

export function addGenerateCommand(program: Command): void {
  const command = program
    .command('generate')
    .summary('text from a checkpoint')
    .description('Continue a text with a trained model. The same seed gives the same text.')
    .argument('<checkpoint>', 'a checkpoint, or a run folder: its newest whole checkpoint')
    .requiredOption('--prompt <text>', 'the text to continue')
    .option('--tokens <n>', 'tokens to make at most', numeric(integer(1)), 256)
    .option('--temperature <x>', '0: always the most probable token', numeric(number(0)), 0.8)
    .option('--top-k <n>', 'draw among the k most probable only; 0: all', numeric(integer(0)), 0)
    .option('--seed <n>', 'of the draws', numeric(hyperparameters.seed), 1)
    .option('--recipe <name>', 'compute in another recipe than it was trained in')
    .option('--device <name>', 'auto, simd, gpu, …', word(hyperparameters.device), 'auto')
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)))
    .option(
      '--blas <off|auto|path>',
      'the machine’s BLAS for large products of the simd device (default: auto)',
    )
    .option('--tokenizer <file>', 'where the checkpoint’s tokenizer.json is now, if its run does not say')
    .option('--force', 'try it though this machine seems to have too little memory');
  examples(command, [
    ['octavo generate runs/nano-fp8-full --prompt "My fellow Americans"', 'from a run’s newest checkpoint'],
    ['octavo generate step-00000600.arrow --prompt "The" --temperature 0', 'from one file, without chance'],
  ]);
  command.action(async (checkpoint: string, _, invoked: Command) => {
    const { prompt, tokens, temperature, topK, seed, device, recipe, threads, blas, tokenizer, force, json } =
      invoked.optsWithGlobals<GenerateOptions>();
    await generateText({
      path: checkpoint,
      prompt,
      recipe: recipe ?? null,
      tokens,
      sampling: { temperature, topK, seed },
      device,
      threads: threads ?? null,
      blas: blas ?? 'auto',
      tokenizer: tokenizer ?? null,
      force: force === true,
      json: json === true,
    });
  });
}
