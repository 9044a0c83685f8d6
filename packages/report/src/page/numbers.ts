/** @file Numbers as tables of the report have them. */

/** Four significant digits, also of what is not finite. */
export function digits(value: number | null | undefined, significant = 4): string {
  if (value === null || value === undefined) return '';
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '−infinite';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en').replace('-', '−');
  const size = Math.abs(value);
  const text =
    size < 1e-4 || size >= 1e6 ? value.toExponential(significant - 1) : value.toPrecision(significant);
  return text.replace(/^-/, '−').replace('e-', 'e−').replace('e+', 'e');
}

export const count = (value: number): string => value.toLocaleString('en');

/** `102 MiB`. */
export function bytes(value: number | null): string {
  if (value === null) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toPrecision(3)} ${units[power]}`;
}
