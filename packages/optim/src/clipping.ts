/** @file Gradient clipping by the global norm (Pascanu et al., arXiv 1211.5063). */

/** The factor that brings a gradient of this norm to at most `maxNorm`; 1 where clipping is off (`maxNorm` 0). */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 && norm > maxNorm ? maxNorm / norm : 1;
}

/** ‖g‖ of a gradient in parts, from the parts' sums of squares. */
export const globalNorm = (squares: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < squares.length; i++) sum += squares[i]!;
  return Math.sqrt(sum);
};
