/** @file y = a·u + b·v with a and b not negative, from a few measured points. */

export interface Point {
  readonly u: number;
  readonly v: number;
  readonly y: number;
}

export interface LinearLaw {
  readonly a: number;
  readonly b: number;
}

/** Least squares of the relative errors; where the best of both is negative, of one of them alone. */
export function linearLaw(points: readonly Point[]): LinearLaw {
  const scaled = points.map(({ u, v, y }) => ({ u: u / y, v: v / y }));
  const sum = (f: (p: { u: number; v: number }) => number): number =>
    scaled.reduce((total, point) => total + f(point), 0);
  const [uu, uv, vv] = [sum(({ u }) => u * u), sum(({ u, v }) => u * v), sum(({ v }) => v * v)];
  const [u1, v1] = [sum(({ u }) => u), sum(({ v }) => v)];
  const determinant = uu * vv - uv * uv;
  const both = { a: (u1 * vv - v1 * uv) / determinant, b: (v1 * uu - u1 * uv) / determinant };
  if (determinant > 1e-12 * uu * vv && both.a >= 0 && both.b >= 0) return both;
  const alone = [
    { a: uu > 0 ? u1 / uu : 0, b: 0 },
    { a: 0, b: vv > 0 ? v1 / vv : 0 },
  ];
  const error = ({ a, b }: LinearLaw): number => sum(({ u, v }) => (a * u + b * v - 1) ** 2);
  return error(alone[0]!) <= error(alone[1]!) ? alone[0]! : alone[1]!;
}
