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
} from '@octavo/bench';
import { type Command, InvalidArgumentError } from 'commander';
import { integer } from '../config/fields.ts';
import { examples, type GlobalOptions, numeric } from '../options.ts';
import { toLine } from '../output/json.ts';

interface BenchCommandOptions extends GlobalOptions {
  readonly only?: BenchName[];
  readonly threads?: number;
  readonly quick?: true;
  readonly markdown?: true;
}

export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .summary('measure products, casts, operators and training steps on this machine')
    .description(
      'Measure the SIMD device: matrix products, casts, operators beside a plain copy, and whole training steps. ' +
        'Subjects take turns and medians count; leave the machine alone meanwhile.',
    )
    .option('--only <list>', `some of ${benches.join(', ')}`, benchList)
    .option(
      '--threads <n>',
      'threads beside one (default: 2, where there are so many)',
      numeric(integer(1, 64)),
    )
    .option('--quick', 'small sizes, once: shows that everything runs')
    .option('--markdown', 'tables in Markdown');
  examples(command, [
    ['octavo bench --only step', 'training steps only'],
    ['octavo bench --json', 'one object a row'],
  ]);
  command.action(async (_, invoked: Command) => {
    const options = invoked.optsWithGlobals<BenchCommandOptions>();
    const threads = options.threads ?? Math.min(2, availableParallelism());
    const { stdout } = process;
    if (options.json) stdout.write(toLine({ event: 'machine', ...machine() }));
    else stdout.write(`${describeMachine(machine())}\n\n`);
    const request = { only: options.only ?? benches, threads, quick: options.quick === true };
    for await (const table of runBenches(request)) {
      if (options.json) for (const row of jsonRows(table)) stdout.write(toLine(row));
      else stdout.write(`${options.markdown ? toMarkdown(table) : toText(table)}\n`);
    }
  });
}

function benchList(text: string): BenchName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = benches.filter((name) => names.includes(name));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(
    `Got "${text}", expected some of ${benches.join(', ')}, separated by commas.`,
  );
}
