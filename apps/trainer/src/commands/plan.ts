/** @file `octavo plan`: what a step takes of memory and time, on devices that are not here or on this one. */
import { availableParallelism } from 'node:os';
import { recipes } from '@octavo/nn';
import { EXCHANGES, hardware, ZERO } from '@octavo/plan';
import { hyperparameters, integer, number, oneOf, positive } from '@octavo/trainer/record';
import { type Command, InvalidArgumentError } from 'commander';
import { addCommand } from '../command.ts';
import { flag, numeric, value, withDefault, word } from '../options.ts';
import { plan } from '../run/plan.ts';

const names = [...Object.keys(hardware), 'host'];
const count = numeric(integer(1));
const RANKS = Array.from({ length: 10 }, (_, i) => 8 * 2 ** i);
const hours = numeric(positive());

export const addPlanCommand = (program: Command): void =>
  addCommand(program, {
    name: 'plan',
    summary: 'memory and time of a step on one device or thousands, before anything is started',
    description:
      'What a training step takes of memory and time, by recipe: every operation of the step at the published peaks of a ' +
      'device, or at what is measured of this machine. What a plan takes for granted is said with it.',
    options: {
      model: withDefault('<name|file>', 'the model', 'llama2-7b'),
      recipe: withDefault(
        '<list>',
        'recipes, separated by commas; the first is what others are compared with',
        ['bf16', 'fp8-full'],
        recipeList,
      ),
      hardware: withDefault('<name|file>', `${names.join(', ')}, or a JSON file with peaks`, 'gaudi2'),
      devices: value('<n>', 'devices in all (default: 8; host: 1)', count),
      zero: withDefault(
        '<stage>',
        'what replicas share (ZeRO): 0 to 3',
        1 as (typeof ZERO)[number],
        zeroStage,
      ),
      tensor: withDefault('<n>', 'devices that share each product', 1, count),
      pipeline: withDefault('<n>', 'stages that layers are cut into', 1, count),
      batch: value(
        '<n>',
        'sequences a micro-batch (default: the model’s preset)',
        numeric(hyperparameters.batch),
      ),
      sequence: value(
        '<n>',
        'tokens a sequence (default: the model’s preset)',
        numeric(hyperparameters.sequence),
      ),
      accumulation: value(
        '<n>',
        'micro-batches a step and replica (default: the preset’s batch, shared out)',
        numeric(hyperparameters.accumulation),
      ),
      recompute: withDefault(
        '<what>',
        'none, selective or full',
        'none' as const,
        word(hyperparameters.recompute),
      ),
      exchange: withDefault(
        '<format>',
        `gradients are sent in ${Object.keys(EXCHANGES).join(', ')}`,
        'bf16' as const,
        word(oneOf(['fp32', 'bf16', 'fp8'])),
      ),
      after: flag('send gradients when the backward pass is over, not while it goes on'),
      paper: flag('beside the paper’s speed-ups and memory: Llama2 7B on 8 Gaudi 2'),
      check: flag('of this machine, beside steps that are measured: takes a minute or two'),
      threads: {
        ...value('<n>', 'threads of this machine (default: 1)', numeric(integer(1, availableParallelism()))),
        absent: 1,
      },
      simulate: flag('long runs of 8 to 4096 ranks: goodput, and the best interval of checkpoints'),
      ranks: withDefault('<list>', 'simulated: ranks, separated by commas', RANKS, rankList),
      mtbf: withDefault('<hours>', 'simulated: between failures of one rank', 50_000, hours),
      slowEvery: withDefault('<hours>', 'simulated: between slow spells of one rank', 1000, hours),
      restart: withDefault(
        '<seconds>',
        'simulated: from a failure to the next step',
        300,
        numeric(number(0)),
      ),
      write: withDefault(
        '<GB/s>',
        'simulated: a rank writes its share of a checkpoint at',
        1,
        numeric(positive()),
      ),
      seed: withDefault('<n>', 'simulated: of the failures', 1, numeric(hyperparameters.seed)),
      svg: value('<file>', 'simulated: a picture of where the time goes'),
      launch: value(
        '<cluster>',
        'print what starts the run there: slurm or kubeflow',
        word(oneOf(['slurm', 'kubeflow'])),
      ),
      perNode: value('<n>', 'launched: ranks a node (default: as many as the hardware’s nodes have)', count),
      hours: withDefault('<n>', 'launched: time that is asked for', 24, hours),
      out: value('<dir>', 'launched: the run’s folder (default: runs/MODEL-RECIPE; Kubeflow: under /runs)'),
      image: withDefault('<name>', 'launched by Kubeflow: the image of the Containerfile', 'octavo'),
      markdown: flag('tables in Markdown'),
    },
    examples: [
      ['octavo plan --model llama2-7b --recipe fp8-full --devices 8 --hardware gaudi2', 'the paper’s system'],
      [
        'octavo plan --model llama2-70b --devices 64 --hardware h100 --tensor 8 --zero 3',
        'a model that fits on no device',
      ],
      ['octavo plan --paper', 'what of the paper’s tables follows from published peaks'],
      [
        'octavo plan --simulate --hardware h100 --svg goodput.svg',
        'what failures and slow ranks leave of it',
      ],
      [
        'octavo plan --launch slurm --model stories110m --hardware host --devices 8 > octavo.sbatch',
        'a script for sbatch',
      ],
      ['octavo plan --check', 'how far to trust it: this machine, planned and measured'],
    ],
    run: plan,
  });

function recipeList(text: string): string[] {
  const asked = text.split(',').map((name) => name.trim());
  if (asked.every((name) => Object.hasOwn(recipes, name))) return asked;
  throw new InvalidArgumentError(
    `Got "${text}", expected some of ${Object.keys(recipes).join(', ')}, separated by commas.`,
  );
}

function rankList(text: string): number[] {
  return text.split(',').map(numeric(integer(1, 2 ** 20)));
}

function zeroStage(text: string): (typeof ZERO)[number] {
  const stage = ZERO.find((one) => String(one) === text.trim());
  if (stage !== undefined) return stage;
  throw new InvalidArgumentError(`Got "${text}", expected one of ${ZERO.join(', ')}.`);
}
