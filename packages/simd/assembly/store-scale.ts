/**
 * @file Scales that a product takes away as it is stored. Four arguments of a command: A's (address, or 0), rows of C that
 * share one; B's, columns of C that share one.
 */
import { address, int } from './command';

/** The scale of a row of C, at the first two arguments, or of a column, at the others; 1 where there is none. */
// @ts-ignore: decorator
@inline
export function storeScale(slot: i32, i: i32): f32 {
  const scales = address(slot);
  return scales ? load<f32>(scales + ((<usize>(i / int(slot + 1))) << 2)) : 1;
}

// @ts-ignore: decorator
@inline
export function hasStoreScales(slot: i32): bool {
  return (address(slot) | address(slot + 2)) != 0;
}

/** What all of C `[m, n]` is to be multiplied by; 0 where no one number serves all. */
export function storeFactor(slot: i32, m: i32, n: i32): f32 {
  const uniform = (address(slot) == 0 || int(slot + 1) >= m) && (address(slot + 2) == 0 || int(slot + 3) >= n);
  const both = storeScale(slot, 0) * storeScale(slot + 2, 0);
  return uniform && isUsual(both) ? <f32>1 / both : 0;
}

/** Divides `n` elements of a row of C, from a column on, each by its own scales. */
export function unscaleRow(slot: i32, at: usize, row: i32, column: i32, n: i32): void {
  const sA = storeScale(slot, row);
  for (let i = 0; i < n; i++) {
    const to = at + ((<usize>i) << 2);
    store<f32>(to, unscaled(load<f32>(to), sA, storeScale(slot + 2, column + i)));
  }
}

/** Whether a product of scales and its reciprocal are normal numbers. */
// @ts-ignore: decorator
@inline
export function isUsual(both: f32): bool {
  return both >= <f32>1.1754943508222875e-38 && both <= <f32>8.507059173023462e37; // 2^-126, 2^126
}

/** x · (1 / (sA · sB)); one scale after the other where their product is not usual. */
function unscaled(x: f32, sA: f32, sB: f32): f32 {
  const both = sA * sB;
  return isUsual(both) ? x * (<f32>1 / both) : x / sA / sB;
}
