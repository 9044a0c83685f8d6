/** @file Building blocks of the schemas of configurations and records. The message of every failed check is what was expected. */
import { z } from 'zod';

/** Old names of keys, and their present names. */
export const renamed: Readonly<Record<string, string | undefined>> = {
  watch: 'guard',
  decay: 'weightDecay',
  validation: 'heldOut',
  blas: 'library',
};

/** An object whose unknown keys are refused; `worded` says how. */
export const fields = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? undefined : `an object with keys ${Object.keys(shape).join(', ')}`,
  });

/** One of a few words; `worded` says which. */
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) => z.enum(values);

const limited = (schema: z.ZodNumber, text: string, low: number, high: number) =>
  schema.min(low, { error: text }).max(high, { error: text });

export function integer(low: number, high: number = Number.MAX_SAFE_INTEGER) {
  const text =
    high < Number.MAX_SAFE_INTEGER ? `an integer from ${low} to ${high}` : `an integer of at least ${low}`;
  return limited(z.int({ error: text }), text, low, high);
}

export function number(low: number, high: number = Number.MAX_VALUE) {
  const text = high < Number.MAX_VALUE ? `a number from ${low} to ${high}` : `a number of at least ${low}`;
  return limited(z.number({ error: text }), text, low, high);
}

/** Above zero, itself not among the values. */
export function positive() {
  const text = 'a number above 0';
  return z.number({ error: text }).gt(0, { error: text }).max(Number.MAX_VALUE, { error: text });
}

export const yesNo = () => z.boolean({ error: 'true or false' });

export const text = (what: string) => z.string({ error: what }).min(1, { error: what });

/** A name that becomes a part of paths and is shown to people: letters, digits and a few marks, and no `..`. */
export const name = () => {
  const what = 'a name of letters, digits, ".", "_", "+" and "-", beginning with a letter or digit';
  return z.string({ error: what }).regex(/^[\p{L}\p{N}][\p{L}\p{N}\p{M}._+-]{0,99}$/u, { error: what });
};
