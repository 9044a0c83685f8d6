/** @file `octavo study`: one of the paper's studies, its results in a folder. */
import { studies as registry, type StudyName } from '@octavo/lab';
import { type Command, InvalidArgumentError } from 'commander';
import { integer, oneOf } from '../config/fields.ts';
import { type Config, knobs } from '../config/schema.ts';
import { examples, type GlobalOptions, numeric, word } from '../options.ts';
import { study } from '../run/study.ts';

const names = Object.keys(registry) as [StudyName, ...StudyName[]];
const studies = oneOf(names);

interface StudyOptions extends GlobalOptions {
  readonly seeds?: number[];
  readonly quick?: true;
  readonly out?: string;
  readonly activations?: 'bf16' | 'fp32';
  readonly device?: NonNullable<Config['device']>;
  readonly threads?: number;
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
      '--activations <format>',
      'bf16 or fp32: what is not quantised (default: bf16)',
      word(oneOf(['bf16', 'fp32'])),
    )
    .option('--device <name>', 'auto, simd, gpu, …', word(knobs.device))
    .option('--threads <n>', 'threads of the simd device', numeric(integer(1, 256)));
  examples(command, [
    ['octavo study instability --quick', 'one seed, the failure and its cures'],
    ['octavo study instability --seeds 4,5,6 --out studies/fresh', 'everything, on other seeds'],
  ]);
  command.action(async (name: StudyName, _, invoked: Command) => {
    const { seeds, quick, out, activations, device, threads, json } = invoked.optsWithGlobals<StudyOptions>();
    await study({
      name,
      seeds: seeds ?? (quick ? [1] : [1, 2, 3]),
      quick: quick === true,
      out: out ?? `studies/${name}${quick ? '-quick' : ''}`,
      activations: activations ?? null,
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
