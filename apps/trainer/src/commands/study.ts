/** @file `octavo study`: one of the paper's studies, its results in a folder. */
import { basename, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { studies as registry, type StudyName, studyOf } from '@octavo/lab';
import { type Command, InvalidArgumentError } from 'commander';
import { integer, oneOf } from '../config/fields.ts';
import { type Config, hyperparameters } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { study } from '../run/study.ts';

const names = Object.keys(registry) as [StudyName, ...StudyName[]];
const studies = oneOf(names);
const takesRun = (name: StudyName): boolean => studyOf(name).takesRun === true;

interface StudyOptions extends GlobalOptions {
  readonly seeds?: number[];
  readonly quick?: true;
  readonly out?: string;
  readonly run?: string;
  readonly activations?: 'bf16' | 'fp32';
  readonly device?: NonNullable<Config['device']>;
  readonly threads?: number;
  readonly force?: true;
}

export function addStudyCommand(program: Command): void {
  const command = program
    .command('study')
    .summary('reproduce a part of the paper: tables, charts, and what held')
    .description(
      'Reproduce a part of the paper. Arrow tables, SVG charts and a summary go into the folder; a study that was ' +
        `stopped goes on there.\n\n${names.map((name) => `${name}: ${registry[name].summary}`).join('\n')}`,
    )
    .argument('<name>', names.join(', '), word(studies))
    .option('--seeds <list>', 'seeds, each a repetition of everything (default: 1,2,3; quick: 1)', seedList)
    .option('--quick', 'less of it, within a minute or two: shows the same')
    .option('--out <dir>', 'the folder of results (default: studies/NAME, quick: studies/NAME-quick)')
    .option(
      '--run <dir>',
      `a run of octavo train to study instead of models of its own (${names.filter(takesRun).join(', ')})`,
    )
    .option(
      '--activations <format>',
      'bf16 or fp32: what is not quantised (default: bf16)',
      word(oneOf(['bf16', 'fp32'])),
    )
    .option('--device <name>', 'auto, simd, gpu, …', word(hyperparameters.device))
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)))
    .option('--force', 'run it though this machine seems to have too little memory');
  examples(command, [
    ['octavo study instability --quick', 'one seed, the failure and its cures'],
    ['octavo study instability --seeds 4,5,6 --out studies/fresh', 'everything, on other seeds'],
    ['octavo study formats --run runs/nano-fp8-full', 'which formats and policies would suit a run'],
  ]);
  command.action(async (name: StudyName, _, invoked: Command) => {
    const { seeds, quick, out, run, activations, device, threads, force, json } =
      invoked.optsWithGlobals<StudyOptions>();
    if (run !== undefined) refuseWithRun({ seeds, activations });
    const folder = [
      name,
      ...(run === undefined ? [] : [basename(resolve(run))]),
      ...(quick ? ['quick'] : []),
    ];
    await study({
      name,
      seeds: seeds ?? (quick ? [1] : [1, 2, 3]),
      quick: quick === true,
      out: out ?? `studies/${folder.join('-')}`,
      run: run ?? null,
      activations: activations ?? null,
      device: device ?? 'auto',
      threads: threads ?? null,
      force: force === true,
      json: json === true,
    });
  });
}

/** A run has its own seed and activations. */
function refuseWithRun(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    throw new OctavoError(
      `[study] --${name}: got "${value}" beside --run, expected one of them: a run has its own`,
      {
        exitCode: 2,
      },
    );
  }
}

function seedList(text: string): number[] {
  const seeds = text
    .split(',')
    .map((part) => hyperparameters.seed.safeParse(part.trim() === '' ? null : Number(part)));
  const good = seeds.flatMap(({ data }) => (data === undefined ? [] : [data]));
  if (good.length === seeds.length && new Set(good).size === good.length) return good;
  throw new InvalidArgumentError(`Got "${text}", expected different integers, e.g. 1,2,3.`);
}
