/** @file What is wrong with Arrow bytes: said once, with file and row in front; counts and strings that may lie, checked. */
import { OctavoError, quoted, visible } from '@octavo/formats';
import type { KeyValue } from 'apache-arrow/fb/key-value';
import { badFile } from '../file-error.ts';

/** Says why bytes are not what they claim to be; callers put file and row in front. */
export class Malformed extends Error {
  constructor(why: string) {
    super(visible(why.slice(0, 600)));
  }
}

export const fail = (why: string): never => {
  throw new Malformed(why);
};

/** Runs `parse`; whatever it throws becomes one `OctavoError` that says where. */
export function guarded<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw damaged(where, error);
  }
}

/** The `OctavoError` for what reading at a place threw; one that names the place passes as it is. */
export function damaged(where: string, error: unknown): OctavoError {
  if (OctavoError.is(error) && error.message.includes(where)) return error;
  const known = error instanceof Malformed || OctavoError.is(error);
  const why = known ? error.message.replace(/^\[store\] /, '') : 'its bytes make no sense';
  return badFile(`[store] ${where} is damaged: ${why}`, error);
}

/** An int64 as a number, from 0 to `limit`. */
export function count(value: bigint, limit: number, what: string): number {
  const number = Number(value);
  return number >= 0 && number <= limit
    ? number
    : fail(`got ${what} ${number}, expected 0 to ${Math.max(limit, 0)}`);
}

/** Characters that the strings of a message may still have. */
export interface Budget {
  left: number;
}

/** Strings of one message together may not be longer than the message, however its offsets overlap. */
export function text(value: string | null, budget: Budget): string {
  if (value === null) return fail('a name is missing');
  budget.left -= value.length;
  return budget.left < 0 ? fail('its strings overlap') : value;
}

/** Metadata entries, each key once. */
export function pairs(
  length: number,
  at: (i: number) => KeyValue | null,
  budget: Budget,
): Readonly<Record<string, string>> {
  const entries = new Map<string, string>();
  count(BigInt(length), budget.left / 4, 'number of metadata entries');
  for (let i = 0; i < length; i++) {
    const pair = at(i);
    if (pair === null) return fail('a metadata entry is missing');
    const key = text(pair.key(), budget);
    if (entries.has(key)) fail(`metadata key ${quoted(key)} stands twice`);
    entries.set(key, text(pair.value(), budget));
  }
  return Object.fromEntries(entries);
}
