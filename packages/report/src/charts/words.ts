/** @file Numbers as people read them: in a sentence three digits, in a table four. */

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
