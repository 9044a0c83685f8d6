/**
 * @file A value of a format, from the fields that describe it: sign · (1 + m / 2^M) · 2^(e − bias), subnormals below
 * 2^(1 − bias) in steps of 2^(1 − bias − M) ("FP8 Formats for Deep Learning", arXiv 2209.05433, section 3).
 */
import type { Format } from '@octavo/formats';

/** 2^e of every exponent that doubles have, and more: `**` itself is slow. */
const LOWEST = -1100;
const powers = Float64Array.from({ length: 2200 }, (_, i) => 2 ** (i + LOWEST));
const power = (e: number): number => powers[e - LOWEST]!;

/** ⌊log2 x⌋ of a positive number. */
export function exponent(x: number): number {
  let e = Math.round(Math.log2(x));
  while (power(e) > x) e--;
  while (power(e + 1) <= x) e++;
  return e;
}

/** The distance between neighbouring values of the format around x. */
export function step({ bias, mantissaBits }: Format, x: number): number {
  const smallest = 1 - bias;
  return power(Math.max(x === 0 ? smallest : exponent(Math.abs(x)), smallest) - mantissaBits);
}

/** The nearest value, ties to the even multiple of the step; what lies beyond the largest becomes the largest. */
export function nearest(format: Format, x: number): number {
  const unit = step(format, x);
  const below = Math.floor(Math.abs(x) / unit);
  const rest = Math.abs(x) / unit - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return signed(x, Math.min(format.max, (up ? below + 1 : below) * unit));
}

/** The value below or above: above where the part of a step that is left exceeds `draw`, a number of [0, 1). */
export function stochastic(format: Format, x: number, draw: number): number {
  const unit = step(format, x);
  const below = Math.floor(Math.abs(x) / unit);
  const up = Math.abs(x) / unit - below > draw;
  return signed(x, Math.min(format.max, (up ? below + 1 : below) * unit));
}

const signed = (x: number, magnitude: number): number => (x < 0 ? -magnitude : magnitude);
