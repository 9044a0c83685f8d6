/** @file The two choices a cast leaves open: which neighbour, and what lies beyond the largest value. */

/** `nearest-even` (ties to the even mantissa), `toward-zero`, or `stochastic` (up with probability equal to the fraction). */
export type Rounding = 'nearest-even' | 'toward-zero' | 'stochastic';

/** `saturate` to ±max, or the format's own `special` values (infinity, else NaN, else ±max where it has neither). */
export type Overflow = 'saturate' | 'special';
