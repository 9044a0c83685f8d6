/**
 * @file A value of a format, from the fields that describe it: sign · (1 + m / 2^M) · 2^(e − bias), subnormals below
 * 2^(1 − bias) in steps of 2^(1 − bias − M) ("FP8 Formats for Deep Learning", arXiv 2209.05433, section 3).
 */
import type { Format } from '@octavo/formats';

/** ⌊log2 x⌋ of a positive number. */
export function exponent(x: number): number {
  let e = Math.round(Math.log2(x));
  while (2 ** e > x) e--;
  while (2 ** (e + 1) <= x) e++;
  return e;
}

/** The distance between neighbouring values of the format around x. */
export function step({ bias, mantissaBits }: Format, x: number): number {
  const smallest = 1 - bias;
  return 2 ** (Math.max(x === 0 ? smallest : exponent(Math.abs(x)), smallest) - mantissaBits);
}

/** The nearest value, ties to the even multiple of the step; what lies beyond the largest becomes the largest. */
export function nearest(format: Format, x: number): number {
  const units = Math.abs(x) / step(format, x);
  const below = Math.floor(units);
  const rest = units - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return signed(x, Math.min(format.max, (up ? below + 1 : below) * step(format, x)));
}

/** The value below or above: above where the part of a step that is left exceeds `draw`, a number of [0, 1). */
export function stochastic(format: Format, x: number, draw: number): number {
  const units = Math.abs(x) / step(format, x);
  const below = Math.floor(units);
  return signed(x, Math.min(format.max, (units - below > draw ? below + 1 : below) * step(format, x)));
}

const signed = (x: number, magnitude: number): number => (x < 0 ? -magnitude : magnitude);
