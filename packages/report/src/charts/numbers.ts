/** @file Numbers: what is known of a list, its ends and middle; and as people read them, in a sentence three digits, in a table four. */

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

export const count = (value: number): string => value.toLocaleString('en');

/** Three significant digits; thousands as 12,300; very small and very large ones with a power of ten. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : 'infinity';
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace('e+', 'e').replace('-', '−');
  const text = size >= 100 ? count(Math.round(value)) : Number(value.toPrecision(3)).toString();
  return text.replace('-', '−');
}

/** `0.4 %`; below a hundredth of a per cent `0.002 %`. */
export const percent = (share: number): string => `${figure(100 * share)} %`;

/** `+0.0123`, `−0.0004`. */
export const signed = (value: number, digits = 4): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

export const plural = (number: number, noun: string): string =>
  `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

/** Of a table: four significant digits, also of what is not finite. */
export function digits(value: number | null | undefined, significant = 4): string {
  if (value === null || value === undefined) return '';
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '−infinite';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return count(value).replace('-', '−');
  const size = Math.abs(value);
  const text =
    size < 1e-4 || size >= 1e6 ? value.toExponential(significant - 1) : value.toPrecision(significant);
  return text.replace(/^-/, '−').replace('e-', 'e−').replace('e+', 'e');
}

/** `102 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toPrecision(3)} ${units[power]}`;
}
