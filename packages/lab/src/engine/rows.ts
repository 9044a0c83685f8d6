/** @file Rows by what they are. */

/** The rows that agree with all of `wanted`. */
export function where<T extends object>(rows: readonly T[], wanted: Partial<NoInfer<T>>): T[] {
  const keys = Object.keys(wanted) as (keyof T)[];
  return rows.filter((row) => keys.every((key) => row[key] === wanted[key]));
}

/** What `key` has among the rows, each once, in the order in which they come. */
export const distinct = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => [
  ...new Set(rows.map((row) => row[key])),
];
