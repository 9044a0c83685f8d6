/** @file A command as data, and what commander makes of it. */
import type { Command } from 'commander';
import { flag, type Options, renamedOption, toOption, type Values, valuesOf } from './options.ts';

/** Accepted before and after a command's name. */
export const globalOptions = {
  json: flag('print machine-readable JSON, one object a line, and nothing else'),
  debug: flag('on failure print a stack trace'),
};

/** What a command is given: its options, and those of every command. */
export type Given<O extends Options> = Values<O> & Values<typeof globalOptions>;

export interface CommandSpec<O extends Options, Argument> {
  readonly name: string;
  /** For the list of commands, and for the command's own help. */
  readonly summary: string;
  readonly description: string;
  readonly argument?: readonly [flags: string, help: string, parse?: (text: string) => Argument];
  /** What follows the argument; each has to be given. */
  readonly more?: readonly (readonly [flags: string, help: string])[];
  readonly options: O;
  /** Old names of options, and their present names. */
  readonly renamed?: Readonly<Record<string, string>>;
  readonly examples: readonly (readonly [command: string, what: string])[];
  run(given: Given<O>, argument: Argument, ...more: string[]): Promise<void>;
}

/** Adds it to the program, or to a command that has commands of its own. */
export function addCommand<O extends Options, Argument = never>(
  parent: Command,
  spec: CommandSpec<O, Argument>,
): void {
  const command = parent.command(spec.name).summary(spec.summary).description(spec.description);
  if (spec.argument) {
    const [flags, help, parse] = spec.argument;
    if (parse) command.argument(flags, help, parse);
    else command.argument(flags, help);
  }
  for (const [flags, help] of spec.more ?? []) command.argument(flags, help);
  for (const [key, option] of Object.entries(spec.options)) command.addOption(toOption(key, option));
  for (const [old, now] of Object.entries(spec.renamed ?? {})) command.addOption(renamedOption(old, now));
  const width = Math.max(...spec.examples.map(([text]) => text.length));
  const examples = spec.examples.map(([text, what]) => `  ${text.padEnd(width)}  ${what}`);
  command.addHelpText('after', ['', 'Examples:', ...examples].join('\n'));
  command.action(async (...given: unknown[]) => {
    const parsed = (given.at(-1) as Command).optsWithGlobals();
    const options = { ...globalOptions, ...spec.options };
    await spec.run(
      valuesOf(options, parsed) as never,
      given[0] as Argument,
      ...(given.slice(1, -2) as string[]),
    );
  });
}
