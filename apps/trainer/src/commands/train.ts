/** @file `octavo train`: from options to a running training session. */

import { type LogSink, logSinks } from '@octavo/trainer';
import { hyperparameters, integer } from '@octavo/trainer/record';
import { type Command, InvalidArgumentError } from 'commander';
import { addCommand } from '../command.ts';
import { loadConfigFile } from '../config/load-file.ts';
import type { Config } from '../config/schema.ts';
import { computing, flag, library, numeric, value, values, word } from '../options.ts';
import { train } from '../run/train.ts';

/** Keys of the configuration that the command line may say, too; null where it does not. */
const configured = {
  model: value(
    '<name|file>',
    'nano, stories260k, stories15m, stories42m, stories110m, llama2-7b, … or a JSON file with a shape',
  ),
  init: value(
    '<folder|file>',
    'a trained model to start from: a Hugging Face folder, a .safetensors file, a checkpoint or a run',
  ),
  recipe: value('<name>', 'fp8-full, fp8-smooth, fp8, bf16, fp8-current, fp8-block, mxfp8, …'),
  data: values(
    '<path...>',
    'text, JSONL, Parquet, Arrow, folders of them, or one that octavo data prepare made',
  ),
  textField: value('<key>', 'the key or column that holds a row’s text (default: text)'),
  tokenizer: value('<name|file>', 'byte, llama2, or a tokenizer.json'),
  device: value(
    '<name>',
    'auto (the faster of simd and a GPU, tried for a moment), simd, gpu, …',
    word(hyperparameters.device),
  ),
  threads: computing.threads,
  library,
  steps: value('<n>', 'steps to train', numeric(hyperparameters.steps)),
  batch: value('<n>', 'sequences a micro-batch', numeric(hyperparameters.batch)),
  accumulation: value('<n>', 'micro-batches a step', numeric(hyperparameters.accumulation)),
  sequence: value('<n>', 'tokens a sequence', numeric(hyperparameters.sequence)),
  learningRate: value('<x>', 'peak of the schedule', numeric(hyperparameters.learningRate)),
  seed: value('<n>', 'of weights, data order and stochastic rounding', numeric(hyperparameters.seed)),
  out: value('<dir>', 'run folder (default: runs/MODEL-RECIPE)'),
  checkpointEvery: value(
    '<n>',
    'steps between checkpoints; 0: only the last',
    numeric(hyperparameters.checkpointEvery),
  ),
  sampleEvery: value(
    '<n>',
    'steps between samples of the tensors’ statistics; 0: none',
    numeric(hyperparameters.sampleEvery),
  ),
  evaluateEvery: value(
    '<n>',
    'steps between held-out evaluations; 0: before and after',
    numeric(hyperparameters.evaluateEvery),
  ),
  recompute: value(
    '<what>',
    'compute again in the backward pass what would take memory: none (default), selective (norms and SwiGLU), full (all but each block’s input)',
    word(hyperparameters.recompute),
  ),
  deterministic: {
    ...flag('sum gradients in an order that does not depend on how many ranks share the run'),
    absent: null,
  },
  exchange: value(
    '<format>',
    'how gradients travel between ranks: float32 (default), bf16, fp8',
    word(hyperparameters.exchange),
  ),
  guard: value(
    '<policy>',
    'when a tensor is about to break: off, warn (default), stop, or switch (Smooth-SwiGLU for that layer alone)',
    word(hyperparameters.guard),
  ),
};

export const addTrainCommand = (program: Command): void =>
  addCommand(program, {
    name: 'train',
    summary: 'train a model, or go on with a run that was stopped',
    description:
      'Train a model. What neither an option nor the configuration file says comes from the preset of the model: a nano Llama2 ' +
      'in recipe fp8-full, on 233 State of the Union speeches. Ctrl-C finishes the step, saves, and ends the run; --resume goes on.',
    options: {
      config: value('<file>', 'configuration in TypeScript, JSON, YAML or TOML; options win over it'),
      ...configured,
      log: value('<sink>', 'also write the run’s numbers for tensorboard or trackio', sinkOf),
      force: flag('train though this machine seems to have too little memory'),
      patience: value('<s>', 'seconds that a rank waits for the others (default: 600)', numeric(integer(1))),
      resume: flag('go on with the run in --out, or with the newest under runs/'),
      whatNext: { ...flag('say at the end what to try next'), hidden: true },
    },
    renamed: { '--watch': '--guard', '--blas': '--library' },
    examples: [
      ['octavo train', 'the default run, a few minutes'],
      ['octavo train --recipe bf16 --seed 2', 'the baseline, another seed'],
      ['octavo train --data corpus/ --model stories15m', 'a larger model on text of your own'],
      [
        'octavo train --init SmolLM2-135M --data chats.jsonl',
        'fine-tune a Hugging Face Llama on conversations',
      ],
      ['octavo train --config run.yaml --steps 50', 'a file, with one value replaced'],
      [
        'octavo train --recipe fp8 --guard switch',
        'smooth a layer’s SwiGLU when the run is about to need it',
      ],
      ['mpirun -n 2 octavo train --deterministic', 'two ranks share each step, with the bits of one'],
      ['octavo train --log tensorboard', 'curves in TensorBoard while the run goes on'],
      ['octavo train --resume', 'go on with the newest run'],
    ],
    async run({
      config,
      log,
      force,
      resume,
      patience,
      whatNext,
      json,
      debug,
      data: text,
      textField,
      tokenizer,
      ...plain
    }) {
      const data = given({ train: text, textField, tokenizer });
      await train({
        file: config === null ? {} : await loadConfigFile(config),
        options: { ...given(plain), data } as Config,
        ...{ log, force, resume, patience, whatNext, json, debug },
      });
    },
  });

function sinkOf(name: string): LogSink {
  if (Object.hasOwn(logSinks, name)) return name as LogSink;
  const why =
    name === 'wandb'
      ? ', which has no living JavaScript client: its Python logs steps.arrow (see the README)'
      : '';
  throw new InvalidArgumentError(`Got "${name}"${why}, expected ${Object.keys(logSinks).join(', ')}.`);
}

/** What was said. */
const given = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, each]) => each !== null));
