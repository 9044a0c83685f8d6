/** @file `octavo bench`: what this machine makes of products, casts, operators and whole training steps. */
import { availableParallelism } from 'node:os';
import {
  type BenchName,
  benches,
  describeMachine,
  jsonRows,
  machine,
  runBenches,
  toMarkdown,
  toText,
  usualBenches,
} from '@octavo/bench';
import { integer } from '@octavo/trainer/record';
import { type Command, InvalidArgumentError } from 'commander';
import { addCommand } from '../command.ts';
import { flag, numeric, value } from '../options.ts';
import { toLine } from '../output/json.ts';

export const addBenchCommand = (program: Command): void =>
  addCommand(program, {
    name: 'bench',
    summary: 'measure products, casts, operators and training steps on this machine',
    description:
      'Measure the SIMD device: matrix products, casts, operators beside a plain copy, and whole training steps. ' +
      'Subjects take turns and medians count; leave the machine alone meanwhile.',
    options: {
      only: {
        ...value(
          '<list>',
          `some of ${benches.join(', ')} (default: all but cost, which takes minutes)`,
          benchList,
        ),
        absent: usualBenches,
      },
      threads: {
        ...value('<n>', 'threads beside one (default: 2, where there are so many)', numeric(integer(1, 64))),
        absent: Math.min(2, availableParallelism()),
      },
      quick: flag('small sizes, once: shows that everything runs'),
      markdown: flag('tables in Markdown'),
    },
    examples: [
      ['octavo bench --only step', 'training steps only'],
      ['octavo bench --only cost', 'time and memory of a step as model, batch and sequence grow'],
      ['octavo bench --json', 'one object a row'],
    ],
    async run({ markdown, json, ...request }) {
      const { stdout, stderr } = process;
      if (json) stdout.write(toLine({ event: 'machine', ...machine() }));
      else stdout.write(`${describeMachine(machine())}\n\n`);
      const onNext = (what: string): void => void (stderr.isTTY && stderr.write(`measuring ${what}\n`));
      for await (const table of runBenches({ ...request, onNext })) {
        if (json) for (const row of jsonRows(table)) stdout.write(toLine(row));
        else stdout.write(`${markdown ? toMarkdown(table) : toText(table)}\n`);
      }
    },
  });

function benchList(text: string): BenchName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = benches.filter((name) => names.includes(name));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(
    `Got "${text}", expected some of ${benches.join(', ')}, separated by commas.`,
  );
}
