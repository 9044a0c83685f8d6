/** @file What zod found wrong, as one line that names the key, what it holds, and what it may hold. */
import { OctavoError, quoted } from '@octavo/formats';
import type { z } from 'zod';
import { renamed } from './fields.ts';

type Issue = z.core.$ZodIssue;

/** Words for the known word that a mistyped one may mean, e.g. ` (did you mean "fp8"?)`, or nothing. */
export type Suggest = (word: string, known: readonly string[]) => string;

const nothing: Suggest = () => '';

/** What was expected where a key or a word is unknown, for zod's `error`. */
export const worded =
  (suggest: Suggest): z.core.$ZodErrorMap =>
  (issue) => {
    if (issue.code === 'invalid_value') {
      const known = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? suggest(issue.input, known) : '';
      return `one of ${known.join(', ')}${meant}`;
    }
    if (issue.code !== 'unrecognized_keys') return undefined;
    const known = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
    const key = issue.keys[0]!;
    const now = renamed[key];
    if (now !== undefined && known.includes(now)) return `unknown key "${key}": it is renamed to "${now}"`;
    return `unknown key "${key}"${suggest(key, known)}, expected one of ${known.join(', ')}`;
  };

/** Parses or throws an `OctavoError` (exit code 2); `source` says where the value stands, such as a file's name. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  source: string,
  suggest: Suggest = nothing,
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true, error: worded(suggest) });
  if (result.success) return result.data;
  const { length } = result.error.issues;
  const more = length > 1 ? ` (and ${length - 1} more)` : '';
  throw new OctavoError(`[config] ${source}: ${explain(result.error.issues[0]!, value)}${more}`, {
    exitCode: 2,
  });
}

function explain(outer: Issue, root: unknown): string {
  const { issue, path } = innermost(outer, []);
  const key = path.length > 0 ? `key "${path.join('.')}"` : 'the whole configuration';
  if (issue.code === 'unrecognized_keys') return `${path.length > 0 ? `${key}: ` : ''}${issue.message}`;
  const got = issue.code === 'custom' ? issue.params?.got : undefined;
  return `${key}: got ${got ?? quoted(valueAt(root, path))}, expected ${issue.message}`;
}

/** Within a union, the branch that came furthest: the value is of its kind, and a part of it is wrong. */
function innermost(issue: Issue, before: readonly PropertyKey[]): { issue: Issue; path: PropertyKey[] } {
  const path = [...before, ...issue.path];
  if (issue.code !== 'invalid_union') return { issue, path };
  const inside = (i: Issue): boolean => i.path.length > 0 || i.code === 'unrecognized_keys';
  const wrongWord = (i: Issue): boolean => i.code === 'invalid_value' && typeof i.input === 'string';
  const branch =
    issue.errors.find((b) => b.length > 0 && b.every(inside)) ?? issue.errors.find((b) => b.some(wrongWord));
  return branch ? innermost(branch[0]!, path) : { issue, path };
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}
