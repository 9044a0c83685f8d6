/** @file Sums, means, medians, how far means over few seeds can be trusted, and how figures are written. */

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export function mean(values: Iterable<number> & { readonly length: number }): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Of `of(0)` to `of(count − 1)`. */
export const meanOf = (count: number, of: (i: number) => number): number =>
  mean(Array.from({ length: count }, (_, i) => of(i)));

/** a · b, b from element `from` on. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, from = 0): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[from + i]!;
  return sum;
}

/** The middle of the values, of an even number the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** Mean of one number a seed; `error` and `interval` are null for fewer than two. */
export interface Estimate {
  readonly mean: number;
  /** Standard error: the sample's standard deviation (n − 1 in its denominator) / √n. */
  readonly error: number | null;
  /** 95 % by Student's t with n − 1 degrees of freedom: mean ± t · error. */
  readonly interval: readonly [number, number] | null;
}

export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const centre = mean(values);
  if (n < 2) return { mean: centre, error: null, interval: null };
  const error = Math.sqrt(values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (n - 1) / n);
  const half = studentT(n - 1) * error;
  return { mean: centre, error, interval: [centre - half, centre + half] };
}

/** 97.5 % quantiles for 1 to 9 degrees of freedom. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** Beyond the table, Cornish and Fisher's expansion about the normal quantile: right to 0.001. */
const studentT = (degrees: number): number =>
  T[degrees - 1] ?? 1.95996 + 2.3722 / degrees + 2.8225 / degrees ** 2;

/** `value` with the given decimals, or as `write` writes it; `broke` where it is not finite. */
export const figure = (value: number, write: number | ((value: number) => string) = 4): string => {
  if (!Number.isFinite(value)) return 'broke';
  return typeof write === 'number' ? value.toFixed(write) : write(value);
};

/** A share in per cent; an en dash where there is none. */
export const percent = (share: number | null, digits = 1): string =>
  share === null ? '–' : `${(100 * share).toFixed(digits)} %`;

/** Figures side by side, one a seed: `0.1 / 0.2`. */
export const sideBySide = <T>(values: readonly T[], write: (value: T) => string | number): string =>
  values.map((value) => write(value)).join(' / ');
