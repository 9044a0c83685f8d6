/** @file `octavo study`: one of the paper's studies, its results in a folder. */
import { type Command, InvalidArgumentError } from 'commander';
import { integer, oneOf } from '../config/fields.ts';
import { type Config, knobs } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { study } from '../run/study.ts';

const studies = oneOf(['instability']);

interface StudyOptions extends GlobalOptions {
  readonly seeds?: number[];
  readonly quick?: true;
  readonly out?: string;
  readonly activations: 'bf16' | 'fp32';
  readonly device?: NonNullable<Config['device']>;
  readonly threads?: number;
}

export function addStudyCommand(program: Command): void {
  const command = program
    .command('study')
    .summary('reproduce a part of the paper: tables, charts, and what held')
    .description(
      'Reproduce a part of the paper. instability: why FP8 training breaks and what mends it, on a checkpoint whose ' +
        'outliers are planted. Arrow tables, SVG charts and a summary go into the folder; a study that was stopped goes ' +
        'on there.',
    )
    .argument('<name>', 'instability', word(studies))
    .option('--seeds <list>', 'seeds, one base model each (default: 1,2,3; quick: 1)', seedList)
    .option('--quick', 'fewer recipes and controls, half the base training')
    .option('--out <dir>', 'the folder of results (default: studies/NAME, quick: studies/NAME-quick)')
    .option(
      '--activations <format>',
      'bf16 or fp32: what is not quantised',
      word(oneOf(['bf16', 'fp32'])),
      'bf16',
    )
    .option('--device <name>', 'auto, simd, gpu, …', word(knobs.device))
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)));
  examples(command, [
    ['octavo study instability --quick', 'one seed, the failure and its cures'],
    ['octavo study instability --seeds 4,5,6 --out studies/fresh', 'everything, on other seeds'],
  ]);
  command.action(async (name: 'instability', _, invoked: Command) => {
    const { seeds, quick, out, activations, device, threads, json } = invoked.optsWithGlobals<StudyOptions>();
    await study({
      name,
      seeds: seeds ?? (quick ? [1] : [1, 2, 3]),
      quick: quick === true,
      out: out ?? `studies/${name}${quick ? '-quick' : ''}`,
      activations,
      device: device ?? 'auto',
      threads: threads ?? null,
      json: json === true,
    });
  });
}

function seedList(text: string): number[] {
  const seeds = text.split(',').map((part) => knobs.seed.safeParse(part.trim() === '' ? null : Number(part)));
  const good = seeds.flatMap(({ data }) => (data === undefined ? [] : [data]));
  if (good.length === seeds.length && new Set(good).size === good.length) return good;
  throw new InvalidArgumentError(`Got "${text}", expected different integers, e.g. 1,2,3.`);
}
