/** @file SwiGLU on packed rows `[gate | up]`, h = up · gate · σ(gate) (arXiv 2002.05202), and its gradient by the chain rule. */
import { at, fill, largest, type Matrix, type Sum } from './matrix.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** t = max |up| over a token's channels, 1 where it is 0 (the paper's code). */
export const tokenMaxima = (gateUp: Matrix): number[] =>
  Array.from({ length: gateUp.rows }, (_, row) => {
    const width = gateUp.columns / 2;
    return largest(Array.from({ length: width }, (_, j) => at(gateUp, row, width + j))) || 1;
  });

/** `[T, 2F]` → `[T, F]`; `t` divides up, a number a token. */
export const swiglu = (gateUp: Matrix, t: readonly number[] | null): Matrix => {
  const width = gateUp.columns / 2;
  return fill(gateUp.rows, width, (row, j) => {
    const [gate, up] = [at(gateUp, row, j), at(gateUp, row, width + j) / (t?.[row] ?? 1)];
    return up * gate * sigmoid(gate);
  });
};

/**
 * The gradient of the packed rows, t being a constant: `[T, 2F]`, dh `[T, F]` → `[T, 2F]`,
 * dgate = dh · (up / t) · (σ + gate σ (1 − σ)), dup = dh · gate σ / t.
 */
export function swigluGrad(gateUp: Matrix, dh: Matrix, t: readonly number[] | null): Sum {
  const width = gateUp.columns / 2;
  const parts = (row: number, column: number): number[] => {
    const j = column % width;
    const divisor = t?.[row] ?? 1;
    const [gate, up, d] = [at(gateUp, row, j), at(gateUp, row, width + j) / divisor, at(dh, row, j)];
    const s = sigmoid(gate);
    return column < width ? [d * up * s, d * up * gate * s * (1 - s)] : [(d * gate * s) / divisor];
  };
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    value: fill(gateUp.rows, gateUp.columns, (row, column) => sum(parts(row, column))),
    terms: fill(gateUp.rows, gateUp.columns, (row, column) => sum(parts(row, column).map(Math.abs))),
  };
}
