/** @file `octavo train`: from options to a running training session. */
import type { Command } from 'commander';
import { integer } from '../config/fields.ts';
import { loadConfigFile } from '../config/load-file.ts';
import { type Config, knobs } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { train } from '../run/train.ts';

interface TrainOptions extends GlobalOptions {
  readonly config?: string;
  readonly model?: string;
  readonly recipe?: string;
  readonly data?: string[];
  readonly textField?: string;
  readonly tokenizer?: string;
  readonly out?: string;
  readonly steps?: number;
  readonly batch?: number;
  readonly sequence?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly checkpointEvery?: number;
  readonly sampleEvery?: number;
  readonly evaluateEvery?: number;
  readonly watch?: Config['watch'];
  readonly device?: Config['device'];
  readonly threads?: number;
  readonly blas?: string;
  readonly force?: true;
  readonly resume?: true;
  readonly whatNext?: true;
}

export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .summary('train a model, or go on with a run that was stopped')
    .description(
      'Train a model. What neither an option nor the configuration file says comes from the preset of the model: a nano Llama2 ' +
        'in recipe fp8-full, on 233 State of the Union speeches. Ctrl-C finishes the step, saves, and ends the run; --resume goes on.',
    )
    .option('--config <file>', 'configuration in TypeScript, JSON, YAML or TOML; options win over it')
    .option(
      '--model <name|file>',
      'nano, stories260k, stories15m, stories110m, llama2-7b, … or a JSON file with a shape',
    )
    .option('--recipe <name>', 'fp8-full, fp8-smooth, fp8, bf16, fp8-current, fp8-block, mxfp8, …')
    .option('--data <path...>', 'text files, folders, JSONL files, or folders that octavo data prepare made')
    .option('--text-field <key>', 'the key of a JSONL line that holds its text (default: text)')
    .option('--tokenizer <name|file>', 'byte, llama2, or a tokenizer.json')
    .option(
      '--device <name>',
      'auto (the faster of simd and a GPU, tried for a moment), simd, gpu, …',
      word(knobs.device),
    )
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)))
    .option(
      '--blas <off|auto|path>',
      'the machine’s BLAS for large products of the simd device (default: auto)',
    )
    .option('--steps <n>', 'steps to train', numeric(knobs.steps))
    .option('--batch <n>', 'sequences a micro-batch', numeric(knobs.batch))
    .option('--sequence <n>', 'tokens a sequence', numeric(knobs.sequence))
    .option('--learning-rate <x>', 'peak of the schedule', numeric(knobs.learningRate))
    .option('--seed <n>', 'of weights, data order and stochastic rounding', numeric(knobs.seed))
    .option('--out <dir>', 'run folder (default: runs/MODEL-RECIPE)')
    .option(
      '--checkpoint-every <n>',
      'steps between checkpoints; 0: only the last',
      numeric(knobs.checkpointEvery),
    )
    .option(
      '--sample-every <n>',
      'steps between samples of the tensors’ statistics; 0: none',
      numeric(knobs.sampleEvery),
    )
    .option(
      '--evaluate-every <n>',
      'steps between held-out evaluations; 0: before and after',
      numeric(knobs.evaluateEvery),
    )
    .option(
      '--watch <policy>',
      'when a tensor is about to break: off, warn (default), stop, or switch (Smooth-SwiGLU for that layer alone)',
      word(knobs.watch),
    )
    .option('--force', 'train though this machine seems to have too little memory')
    .option('--resume', 'go on with the run in --out, or with the newest under runs/');
  command.addOption(command.createOption('--what-next', 'say at the end what to try next').hideHelp());
  examples(command, [
    ['octavo train', 'the default run, a few minutes'],
    ['octavo train --recipe bf16 --seed 2', 'the baseline, another seed'],
    ['octavo train --data corpus/ --model stories15m', 'a larger model on text of your own'],
    ['octavo train --config run.yaml --steps 50', 'a file, with one value replaced'],
    ['octavo train --recipe fp8 --watch switch', 'smooth a layer’s SwiGLU when the run is about to need it'],
    ['octavo train --resume', 'go on with the newest run'],
  ]);
  command.action(async (_, invoked: Command) => {
    const options = invoked.optsWithGlobals<TrainOptions>();
    const file = options.config === undefined ? {} : await loadConfigFile(options.config);
    await train({
      file,
      options: configOf(options),
      force: options.force === true,
      resume: options.resume === true,
      json: options.json === true,
      whatNext: options.whatNext === true,
    });
  });
}

/** The options as a partial configuration. */
function configOf(options: TrainOptions): Config {
  const { data, tokenizer, textField } = options;
  const {
    model,
    recipe,
    out,
    steps,
    batch,
    sequence,
    learningRate,
    seed,
    checkpointEvery,
    sampleEvery,
    evaluateEvery,
    watch,
    device,
    threads,
    blas,
  } = options;
  return {
    model,
    recipe: recipe as Config['recipe'],
    data:
      data || tokenizer || textField ? ({ train: data, tokenizer, textField } as Config['data']) : undefined,
    out,
    steps,
    batch,
    sequence,
    learningRate,
    seed,
    checkpointEvery,
    sampleEvery,
    evaluateEvery,
    watch,
    device,
    threads,
    blas,
  };
}
