/** @file Checks of data from outside; every error names the key, what was there, and what may be. */
import { OctavoError } from '@octavo/formats';

function refuse(where: string, got: unknown, expected: string): never {
  const text = typeof got === 'number' ? String(got) : JSON.stringify(got);
  throw new OctavoError(`[scaling] ${where}: got ${text}, expected ${expected}`, { exitCode: 2 });
}

/** An object; where `allowed` is given, with no other keys. */
export function checkKeys(
  value: unknown,
  where: string,
  allowed?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(where, value, 'an object');
  for (const key of allowed ? Object.keys(value) : []) {
    if (!allowed!.includes(key)) refuse(`${where}.${key}`, key, `one of the keys ${allowed!.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

export function checkNumber(
  value: unknown,
  where: string,
  { integer = false, from, to }: { readonly integer?: boolean; readonly from: number; readonly to: number },
): number {
  const fits =
    typeof value === 'number' && value >= from && value <= to && (!integer || Number.isInteger(value));
  return fits ? value : refuse(where, value, `${integer ? 'an integer' : 'a number'} from ${from} to ${to}`);
}

export function checkBoolean(value: unknown, where: string): boolean {
  return typeof value === 'boolean' ? value : refuse(where, value, 'true or false');
}

export function checkChoice<T extends string>(value: unknown, where: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  return found ?? refuse(where, value, `one of ${choices.join(', ')}`);
}
