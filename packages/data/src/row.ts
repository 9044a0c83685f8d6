/** @file What a file of rows has. */

import { visible } from '@octavo/formats';
import { badInput } from './text-file.ts';

/** A value, usually an object, and where it stands, for messages. */
export interface Row {
  readonly where: string;
  readonly value: unknown;
}

/** The first of several sets of columns that a table has whole; undefined: all of them. Throws where it has none of the sets. */
export function chosenColumns(
  table: string,
  names: readonly string[],
  sets: readonly (readonly string[])[] | undefined,
): readonly string[] | undefined {
  const found = sets?.find((set) => set.every((column) => names.includes(column)));
  if (found || !sets) return found;
  throw badInput(
    `${table} has no column "${sets[0]!.join('", "')}": got ${names.slice(0, 20).map(visible).join(', ') || 'none'}: name another field (--text-field)`,
  );
}
