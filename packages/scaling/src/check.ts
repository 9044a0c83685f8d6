/** @file Checks of data from outside; every error names the key, what was there, and what may be. */
import { type Fault, OctavoError, quoted } from '@octavo/formats';

/** `got`: the value at fault, or (`words`) what is wrong with it. */
export function refuse(
  { got, ...fault }: Omit<Fault, 'got'> & { readonly got: unknown },
  words = false,
): never {
  throw faultError('[scaling]', { ...fault, got: words ? String(got) : quoted(got) });
}

/** The error for a fault: `subject`, the key, what was got and what was expected. */
export function faultError(subject: string, fault: Fault): OctavoError {
  const { path, got, expected, unknownKey } = fault;
  const place = [path, unknownKey].filter(Boolean).join('.');
  const what = unknownKey === undefined ? `got ${got}` : 'got an unknown key';
  const message = `${[subject, place].filter(Boolean).join(' ')}: ${what}, expected ${expected}`;
  return new OctavoError(message, { exitCode: 2, fault });
}

/** An object; where `allowed` is given, with no other keys. */
export function checkKeys(
  value: unknown,
  path: string,
  allowed?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse({
      path,
      got: value,
      expected: allowed ? `an object with keys ${allowed.join(', ')}` : 'an object',
    });
  for (const key of allowed ? Object.keys(value) : []) {
    if (allowed!.includes(key)) continue;
    refuse({
      ...{ path, got: key, expected: allowed!.length > 0 ? `one of ${allowed!.join(', ')}` : 'none' },
      ...{ choices: allowed!, unknownKey: key },
    });
  }
  return value as Readonly<Record<string, unknown>>;
}

export function checkNumber(
  value: unknown,
  path: string,
  { integer = false, from, to }: { readonly integer?: boolean; readonly from: number; readonly to: number },
): number {
  const fits =
    typeof value === 'number' && value >= from && value <= to && (!integer || Number.isInteger(value));
  const expected = `${integer ? 'an integer' : 'a number'} from ${from} to ${to}`;
  return fits ? value : refuse({ path, got: value, expected });
}

export function checkBoolean(value: unknown, path: string): boolean {
  return typeof value === 'boolean' ? value : refuse({ path, got: value, expected: 'true or false' });
}

export function checkChoice<T extends string>(value: unknown, path: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  return found ?? refuse({ path, got: value, expected: `one of ${choices.join(', ')}`, choices });
}

/** Text that the pattern fits. */
export function checkText(value: unknown, path: string, pattern: RegExp, expected: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : refuse({ path, got: value, expected });
}
