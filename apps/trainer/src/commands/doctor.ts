/** @file `octavo doctor`: why a model's folder does not load, or loads wrong. */
import { examine, fixFolder } from '@octavo/exchange';
import { addressOf } from '@octavo/store';
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { flag } from '../options.ts';
import { plural, printable } from '../output/format.ts';
import { toLine } from '../output/json.ts';

/** Most times that a folder is mended. */
const ROUNDS = 4;

export const addDoctorCommand = (program: Command): void =>
  addCommand(program, {
    name: 'doctor',
    summary: 'why a quantised Hugging Face folder does not load, or loads wrong',
    description:
      'What a loader would trip over in a Hugging Face folder: shards, names, shapes and values of scales, configuration. ' +
      'Exit code 1 where something is found and not mended.',
    argument: ['<folder>', 'a folder with config.json and safetensors files'],
    options: { fix: flag('mend what can be mended without loss; each file is replaced as a whole') },
    examples: [
      ['octavo doctor nano-fp8', 'what is wrong with it'],
      ['octavo doctor nano-fp8 --fix', 'and mends what is safe to'],
    ],
    async run({ fix, json }, given: string) {
      const folder = addressOf(given);
      const findings = await examine(folder);
      let left = findings;
      const changed = new Set<string>();
      // What one mend lays open, a name that follows from another shape say, the next round mends.
      for (let round = 0; fix && left.some((one) => one.fix) && round < ROUNDS; round++) {
        for (const name of await fixFolder(folder, left)) changed.add(name);
        left = await examine(folder);
      }
      for (const { kind, where, what, mend, fix: safe } of findings)
        process.stdout.write(
          json
            ? toLine({ event: 'finding', kind, where, what, mend, safe: safe !== null })
            : printable(`${where}: ${what}\n  ${kind}: ${mend}${safe ? ' (--fix does)' : ''}\n`),
        );
      const said = `${folder}: ${findings.length === 0 ? 'nothing is wrong' : plural(findings.length, 'finding')}`;
      const mended =
        changed.size > 0
          ? `; ${[...changed].join(', ')} changed, ${plural(left.length, 'finding')} left`
          : '';
      process.stdout.write(
        json
          ? toLine({ event: 'end', findings: findings.length, changed: [...changed], left: left.length })
          : `${said}${mended}\n`,
      );
      if (left.length > 0) process.exitCode = 1;
    },
  });
