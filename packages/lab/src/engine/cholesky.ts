/** @file Symmetric positive definite systems, in float64: all the linear algebra that the studies need. */
import { OctavoError } from '@octavo/formats';

/**
 * x of S x = b, S `[n, n]` symmetric positive definite, by S = L Lᵀ (Golub and Van Loan, "Matrix Computations", 4.2).
 * Reads S's lower triangle. Throws an `OctavoError` where S is not positive definite.
 */
export function solveSymmetric(matrix: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  if (matrix.length !== n * n)
    throw new OctavoError(`[lab] solveSymmetric: got ${matrix.length} elements, expected ${n} × ${n}`);
  const lower = matrix.slice();
  const at = (i: number, j: number): number => lower[i * n + j]!;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      if (i > j) lower[i * n + j] = sum / at(j, j);
      else if (sum > 0) lower[j * n + j] = Math.sqrt(sum);
      else
        throw new OctavoError(`[lab] solveSymmetric: got pivot ${sum} in row ${j}, expected a positive one`);
    }
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= at(i, k) * x[k]!;
    x[i]! /= at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= at(k, i) * x[k]!;
    x[i]! /= at(i, i);
  }
  return x;
}
