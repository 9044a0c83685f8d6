/** @file How one quantity grows with another: y = factor · x^exponent. */

export interface PowerLaw {
  readonly exponent: number;
  readonly factor: number;
  /** R² in logarithms: the share of their variance that the law explains; 1 where y does not vary. */
  readonly fit: number;
}

/** Least squares of ln y = ln factor + exponent · ln x over pairs of positive numbers; null for fewer than two x. */
export function powerLaw(pairs: readonly (readonly [x: number, y: number])[]): PowerLaw | null {
  const logs = pairs.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (axis: 0 | 1) => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const moment = (a: 0 | 1, b: 0 | 1) =>
    logs.reduce((sum, log) => sum + (log[a] - (a ? my : mx)) * (log[b] - (b ? my : mx)), 0);
  const [xx, xy, yy] = [moment(0, 0), moment(0, 1), moment(1, 1)];
  if (!(xx > 0)) return null;
  const exponent = xy / xx;
  return { exponent, factor: Math.exp(my - exponent * mx), fit: yy > 0 ? xy ** 2 / (xx * yy) : 1 };
}
