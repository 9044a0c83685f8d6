/** @file `octavo train`: from options to a running training session. */
import { type Command, Option } from 'commander';
import { integer } from '../config/fields.ts';
import { loadConfigFile } from '../config/load-file.ts';
import { type Config, hyperparameters } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, renamedOption, word } from '../options.ts';
import { train } from '../run/train.ts';

/** A key of the configuration that the command line may say, too; without a parser its text is taken as it is. */
type ConfigOption = readonly [
  key: Exclude<keyof Config, 'data'> | `data.${keyof NonNullable<Config['data']>}`,
  flags: string,
  help: string,
  parse?: (text: string) => unknown,
];

const configOptions: readonly ConfigOption[] = [
  [
    'model',
    '--model <name|file>',
    'nano, stories260k, stories15m, stories110m, llama2-7b, … or a JSON file with a shape',
  ],
  ['recipe', '--recipe <name>', 'fp8-full, fp8-smooth, fp8, bf16, fp8-current, fp8-block, mxfp8, …'],
  [
    'data.train',
    '--data <path...>',
    'text files, folders, JSONL files, or folders that octavo data prepare made',
  ],
  ['data.textField', '--text-field <key>', 'the key of a JSONL line that holds its text (default: text)'],
  ['data.tokenizer', '--tokenizer <name|file>', 'byte, llama2, or a tokenizer.json'],
  [
    'device',
    '--device <name>',
    'auto (the faster of simd and a GPU, tried for a moment), simd, gpu, …',
    word(hyperparameters.device),
  ],
  ['threads', '--threads <n>', 'threads of the simd device', numeric(integer(1, 256))],
  [
    'blas',
    '--blas <off|auto|path>',
    'the machine’s BLAS for large products of the simd device (default: auto)',
  ],
  ['steps', '--steps <n>', 'steps to train', numeric(hyperparameters.steps)],
  ['batch', '--batch <n>', 'sequences a micro-batch', numeric(hyperparameters.batch)],
  ['sequence', '--sequence <n>', 'tokens a sequence', numeric(hyperparameters.sequence)],
  ['learningRate', '--learning-rate <x>', 'peak of the schedule', numeric(hyperparameters.learningRate)],
  ['seed', '--seed <n>', 'of weights, data order and stochastic rounding', numeric(hyperparameters.seed)],
  ['out', '--out <dir>', 'run folder (default: runs/MODEL-RECIPE)'],
  [
    'checkpointEvery',
    '--checkpoint-every <n>',
    'steps between checkpoints; 0: only the last',
    numeric(hyperparameters.checkpointEvery),
  ],
  [
    'sampleEvery',
    '--sample-every <n>',
    'steps between samples of the tensors’ statistics; 0: none',
    numeric(hyperparameters.sampleEvery),
  ],
  [
    'evaluateEvery',
    '--evaluate-every <n>',
    'steps between held-out evaluations; 0: before and after',
    numeric(hyperparameters.evaluateEvery),
  ],
  [
    'guard',
    '--guard <policy>',
    'when a tensor is about to break: off, warn (default), stop, or switch (Smooth-SwiGLU for that layer alone)',
    word(hyperparameters.guard),
  ],
];

interface TrainOptions extends GlobalOptions {
  readonly config?: string;
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
    .option('--config <file>', 'configuration in TypeScript, JSON, YAML or TOML; options win over it');
  for (const option of configOptions) command.addOption(toOption(option));
  command
    .option('--force', 'train though this machine seems to have too little memory')
    .option('--resume', 'go on with the run in --out, or with the newest under runs/')
    .addOption(new Option('--what-next', 'say at the end what to try next').hideHelp())
    .addOption(renamedOption('--watch', '--guard'));
  examples(command, [
    ['octavo train', 'the default run, a few minutes'],
    ['octavo train --recipe bf16 --seed 2', 'the baseline, another seed'],
    ['octavo train --data corpus/ --model stories15m', 'a larger model on text of your own'],
    ['octavo train --config run.yaml --steps 50', 'a file, with one value replaced'],
    ['octavo train --recipe fp8 --guard switch', 'smooth a layer’s SwiGLU when the run is about to need it'],
    ['octavo train --resume', 'go on with the newest run'],
  ]);
  command.action(async (_, invoked: Command) => {
    const options = invoked.optsWithGlobals<TrainOptions>();
    const file = options.config === undefined ? {} : await loadConfigFile(options.config);
    await train({
      file,
      options: configOf({ ...options }),
      force: options.force === true,
      resume: options.resume === true,
      json: options.json === true,
      whatNext: options.whatNext === true,
    });
  });
}

const toOption = ([, flags, help, parse]: ConfigOption): Option =>
  parse ? new Option(flags, help).argParser(parse) : new Option(flags, help);

/** The options as a partial configuration. */
function configOf(options: Readonly<Record<string, unknown>>): Config {
  const config: Record<string, unknown> = {};
  const data: Record<string, unknown> = {};
  for (const option of configOptions) {
    const value = options[toOption(option).attributeName()];
    if (value === undefined) continue;
    const [key, inside] = option[0].split('.') as [string, string?];
    if (inside === undefined) config[key] = value;
    else data[inside] = value;
  }
  return (Object.keys(data).length > 0 ? { ...config, data } : config) as Config;
}
