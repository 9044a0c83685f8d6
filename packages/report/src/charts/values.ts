/** @file Of lists of numbers: those that are known, their ends and their middle. */

/** Without what was not measured. */
export const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null);

// Not Math.max(...values): a long run has more values than a call may have arguments.
export const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
export const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Null of none. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Different numbers, in order. */
export const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** The first of those for which `of` is largest; null where it is known of none. */
export function topOf<Row>(rows: readonly Row[], of: (row: Row) => number | null): Row | null {
  let top: Row | null = null;
  let most = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const value = of(row);
    if (value !== null && (top === null || value > most)) [top, most] = [row, value];
  }
  return top;
}
