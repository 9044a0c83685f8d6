/** @file The options of a command as data, each named once: its key is its name on the command line and in the request. */

import { hyperparameters, integer, worded } from '@octavo/trainer/record';
import { InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { didYouMean } from './config/suggest.ts';

/** One option; `T` is what a request has of it. */
export interface OptionSpec<T> {
  /** What follows it in the help, e.g. `<n>`; empty: nothing does. */
  readonly argument: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
  /** Its value where it is not given. */
  readonly absent: T;
  /** Say `absent` in the help. */
  readonly shown?: boolean;
  readonly required?: boolean;
  readonly hidden?: boolean;
}

export type Options = Readonly<Record<string, OptionSpec<unknown>>>;

/** What the options of a command say, by their keys. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never;
};

type Parse<T> = (text: string) => T;

export const flag = (help: string): OptionSpec<boolean> => ({ argument: '', help, absent: false });

/** Null where it is not given. */
export function value(argument: string, help: string): OptionSpec<string | null>;
export function value<T>(argument: string, help: string, parse: Parse<T>): OptionSpec<T | null>;
export function value(argument: string, help: string, parse?: Parse<unknown>): OptionSpec<unknown> {
  return { argument, help, absent: null, ...(parse && { parse }) };
}

/** Several values, one behind the other. */
export const values = (argument: string, help: string): OptionSpec<readonly string[] | null> => ({
  ...{ argument, help, absent: null },
});

/** One that has to be given. */
export const required = (argument: string, help: string): OptionSpec<string> => ({
  ...{ argument, help, absent: '', required: true },
});

/** With a value where it is not given, which the help says. */
export const withDefault = <T>(
  argument: string,
  help: string,
  absent: T,
  parse?: Parse<T>,
): OptionSpec<T> => ({ ...{ argument, help, absent, shown: true }, ...(parse && { parse }) });

/** An option's argument as a number that a schema of the configuration accepts. */
export const numeric =
  (schema: z.ZodNumber): Parse<number> =>
  (text) => {
    const result = schema.safeParse(text.trim() === '' ? Number.NaN : Number(text));
    if (result.success) return result.data;
    throw new InvalidArgumentError(`Got "${text}", expected ${result.error.issues[0]!.message}.`);
  };

/** An option's argument as one of a few words. */
export const word =
  <T extends z.ZodType>(schema: T): Parse<z.output<T>> =>
  (text) => {
    const result = schema.safeParse(text, { error: worded(didYouMean) });
    if (result.success) return result.data;
    throw new InvalidArgumentError(`Expected ${result.error.issues[0]!.message}.`);
  };

export const library = value(
  '<name|path>',
  'the machine’s library for large products of the simd device: auto (default), off, onednn, blas, or a path',
);

/** Where a model is computed. */
export const computing = {
  device: { ...value('<name>', 'auto, simd, gpu, …', word(hyperparameters.device)), absent: 'auto' },
  threads: value('<n>', 'threads of the simd device', numeric(integer(1, 256))),
};

/** What every command that takes a checkpoint is told of it. */
export const ofCheckpoint = {
  ...computing,
  library: { ...library, absent: 'auto' },
  tokenizer: value('<file>', 'where the checkpoint’s tokenizer.json is now, if its run does not say'),
  force: flag('try it though this machine seems to have too little memory'),
};

/** As commander takes it. */
export function toOption(key: string, { argument, help, parse, ...spec }: OptionSpec<unknown>): Option {
  const name = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(argument === '' ? name : `${name} ${argument}`, help);
  if (parse) option.argParser(parse);
  if (spec.shown) option.default(spec.absent);
  return option.makeOptionMandatory(spec.required === true).hideHelp(spec.hidden === true);
}

/** The options' values among what commander has parsed. */
export const valuesOf = <O extends Options>(
  options: O,
  parsed: Readonly<Record<string, unknown>>,
): Values<O> =>
  Object.fromEntries(
    Object.entries(options).map(([key, { absent }]) => [key, parsed[key] ?? absent]),
  ) as Values<O>;

/** An old name of an option, refused with the present one. */
export const renamedOption = (old: string, now: string): Option =>
  new Option(`${old} [value]`, 'renamed')
    .hideHelp()
    .preset('')
    .argParser(() => {
      throw new InvalidArgumentError(`It is renamed to ${now}.`);
    });
