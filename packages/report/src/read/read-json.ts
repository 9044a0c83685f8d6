/** @file JSON files of a folder, as far as a report shows them. */
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { z } from 'zod';

/**
 * What a file holds by its schema, and its text. Throws an `OctavoError` in one line where it cannot be read or is not what
 * `writer` writes.
 */
export async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { writer, exitCode }: { readonly writer: string; readonly exitCode: 1 | 2 },
): Promise<{ readonly value: z.output<Schema>; readonly text: string }> {
  const text = await readTextFile(path, 'report');
  const fail = (what: string, cause?: unknown): never => {
    throw new OctavoError(`[report] ${path} ${what}`, { cause, exitCode });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    fail(`cannot be read: ${(cause as Error).message}`, cause);
  }
  const { success, data, error } = schema.safeParse(parsed);
  if (success) return { value: data, text };
  const { path: at, message } = error.issues[0]!;
  return fail(`is not what ${writer} writes: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}`);
}
