/** @file The strings of a checkpoint's metadata as values, each checked: whatever is wrong with one is one line, exit code 2. */
import { OctavoError } from '@octavo/formats';
import type { Checkpoint } from '@octavo/store';

/** Reads parts by their key. All throw an `OctavoError` (exit code 2) that names the key. */
export interface CheckpointParts {
  /** Any JSON. */
  value(key: string): unknown;
  /** An object, not null and not an array. */
  record(key: string): Readonly<Record<string, unknown>>;
  /** A whole number from 0, exact in float64. */
  count(key: string): number;
  /** What `check` makes of an object; whatever it throws names the key. */
  checked<T>(key: string, check: (value: never) => T): T;
  /** An object whose fields of these names are whole numbers from 0, strings or objects. */
  fields<T>(key: string, types: Readonly<Record<string, keyof typeof kinds>>): T;
  has(key: string): boolean;
}

/** The parts of `checkpoint`. */
export function partsOf({ path, metadata }: Pick<Checkpoint, 'path' | 'metadata'>): CheckpointParts {
  const refuse = (key: string, why: string, cause?: unknown): never => {
    throw new OctavoError(`[trainer] ${path}: metadata "${key}": ${why}`, { cause, exitCode: 2 });
  };
  const has = (key: string): boolean => Object.hasOwn(metadata, key);
  const value = (key: string): unknown => {
    if (!has(key)) return refuse(key, 'got none, expected a checkpoint that octavo train wrote');
    try {
      return JSON.parse(metadata[key]!);
    } catch (cause) {
      return refuse(key, 'got something that is not JSON', cause);
    }
  };
  const record: CheckpointParts['record'] = (key) => {
    const found = value(key);
    return isRecord(found) ? found : refuse(key, `got ${shown(found)}, expected an object`);
  };
  return {
    has,
    value,
    record,
    count(key) {
      const found = value(key);
      return isCount(found) ? found : refuse(key, `got ${shown(found)}, expected a whole number from 0`);
    },
    checked(key, check) {
      const found = record(key);
      try {
        return check(found as never);
      } catch (error) {
        const why = OctavoError.is(error) ? error.message.replace(/^\[\w+\] /, '') : 'it makes no sense';
        return refuse(key, why, error);
      }
    },
    fields<T>(key: string, types: Readonly<Record<string, keyof typeof kinds>>) {
      const found = record(key);
      for (const [name, type] of Object.entries(types)) {
        const { fits, expected } = kinds[type];
        if (!fits(found[name])) refuse(key, `got ${shown(found[name])} for ${name}, expected ${expected}`);
      }
      return found as T;
    },
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const kinds = {
  count: { fits: isCount, expected: 'a whole number from 0' },
  string: { fits: (value: unknown) => typeof value === 'string', expected: 'a text' },
  object: { fits: isRecord, expected: 'an object' },
} as const;

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);

/** JSON with the keys of every object sorted; a key that holds `undefined` counts as absent. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

/** Whether two pieces of plain data mean the same, in whatever order their text has them. */
export const sameValue = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
