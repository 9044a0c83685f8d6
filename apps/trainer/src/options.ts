/** @file Options that several commands share, and how their text becomes a checked value. */
import { createRequire } from 'node:module';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';

/** An option's argument as a number that a schema of the configuration accepts. */
export const numeric =
  (schema: z.ZodNumber) =>
  (text: string): number => {
    const result = schema.safeParse(text.trim() === '' ? Number.NaN : Number(text));
    if (result.success) return result.data;
    throw new InvalidArgumentError(`Got "${text}", expected ${result.error.issues[0]!.message}.`);
  };

/** An option's argument as one of a few words. */
export const word =
  <T extends z.ZodType>(schema: T) =>
  (text: string): z.output<T> => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    throw new InvalidArgumentError(`Expected ${result.error.issues[0]!.message}.`);
  };

/** An option of before, refused with what it is called now. */
export const renamedOption = (old: string, now: string): Option =>
  new Option(`${old} [value]`, 'renamed')
    .hideHelp()
    .preset('')
    .argParser(() => {
      throw new InvalidArgumentError(`It is renamed to ${now}.`);
    });

export interface GlobalOptions {
  readonly json?: true;
  readonly debug?: true;
}

/** Accepted before and after a command's name. */
export const globalOptions = (): Option[] => [
  new Option('--json', 'print machine-readable JSON, one object a line, and nothing else'),
  new Option('--debug', 'on failure print a stack trace'),
];

/** A command's examples, below its options. */
export function examples(
  command: Command,
  lines: readonly (readonly [command: string, what: string])[],
): Command {
  const width = Math.max(...lines.map(([text]) => text.length));
  return command.addHelpText(
    'after',
    ['', 'Examples:', ...lines.map(([text, what]) => `  ${text.padEnd(width)}  ${what}`)].join('\n'),
  );
}

export function version(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}
