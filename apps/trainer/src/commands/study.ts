/** @file `octavo study`: one of the paper's studies, its results in a folder. */
import { basename, resolve } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { studies as registry, type StudyName, studyOf } from '@octavo/lab';
import { hyperparameters, oneOf } from '@octavo/trainer/record';
import { type Command, InvalidArgumentError } from 'commander';
import { addCommand } from '../command.ts';
import { computing, flag, value, word } from '../options.ts';
import { study } from '../run/study.ts';

const names = Object.keys(registry) as [StudyName, ...StudyName[]];
const studies = oneOf(names);
const takesRun = (name: StudyName): boolean => studyOf(name).takesRun === true;

export const addStudyCommand = (program: Command): void =>
  addCommand(program, {
    name: 'study',
    summary: 'reproduce a part of the paper: tables, charts, and what held',
    description:
      'Reproduce a part of the paper. Arrow tables, SVG charts and a summary go into the folder; a study that was ' +
      `stopped goes on there.\n\n${names.map((name) => `${name}: ${registry[name].summary}`).join('\n')}`,
    argument: ['<name>', names.join(', '), word(studies)],
    options: {
      seeds: value('<list>', 'seeds, each a repetition of everything (default: 1,2,3; quick: 1)', seedList),
      quick: flag('less of it, within a minute or two: shows the same'),
      out: value('<dir>', 'the folder of results (default: studies/NAME, quick: studies/NAME-quick)'),
      run: value(
        '<dir>',
        `a run of octavo train to study instead of models of its own (${names.filter(takesRun).join(', ')})`,
      ),
      activations: value(
        '<format>',
        'bf16 or fp32: what is not quantised (default: bf16)',
        word(oneOf(['bf16', 'fp32'])),
      ),
      ...computing,
      force: flag('run it though this machine seems to have too little memory'),
    },
    examples: [
      ['octavo study instability --quick', 'one seed, the failure and its cures'],
      ['octavo study instability --seeds 4,5,6 --out studies/fresh', 'everything, on other seeds'],
      ['octavo study formats --run runs/nano-fp8-full', 'which formats and policies would suit a run'],
    ],
    run({ seeds, out, ...given }, name: StudyName) {
      const { run, quick, activations } = given;
      if (run !== null) refuseWithRun({ seeds, activations });
      const folder = [name, ...(run === null ? [] : [basename(resolve(run))]), ...(quick ? ['quick'] : [])];
      return study({
        ...given,
        name,
        seeds: seeds ?? (quick ? [1] : [1, 2, 3]),
        out: out ?? `studies/${folder.join('-')}`,
      });
    },
  });

/** A run has its own seed and activations. */
function refuseWithRun(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) continue;
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
