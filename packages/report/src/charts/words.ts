/** @file Numbers as a sentence has them. */

/** Three significant digits; thousands as 12,300; very small and very large ones with a power of ten. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : 'infinity';
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace('e+', 'e').replace('-', '−');
  const text = size >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();
  return text.replace('-', '−');
}

/** `0.4 %`; below a hundredth of a per cent `0.002 %`. */
export const percent = (share: number): string => `${figure(100 * share)} %`;

/** `+0.0123`, `−0.0004`. */
export const signed = (value: number, digits = 4): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
