/** @file What a cast does to an array: how much is lost, and in which way; and signal to quantisation noise. */
import { checkScale, isFloat32Array } from './codes.ts';
import type { EncodeArrayOptions } from './encode-array.ts';
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';
import { roundArray } from './round-array.ts';

export interface CastError {
  /** Elements, non-finite ones included. */
  readonly count: number;
  /** Largest finite |x|, before scaling; 0 where there is none. */
  readonly amax: number;
  /** Decibels, over finite elements; `Infinity` where nothing is lost. */
  readonly sqnr: number;
  /** Mean of (x − x̂)² over finite elements, x̂ = decode(encode(x · scale)) / scale; 0 where there are none. */
  readonly mse: number;
  /** Finite elements with |x · scale| > format.max. */
  readonly clipped: number;
  /** Finite elements other than 0 that became 0 (in E8M0: that lie below 2^-127). */
  readonly underflowed: number;
  /** Elements that are NaN or infinite. */
  readonly nonFinite: number;
  /** The three counts over `count`; 0 for an empty array. */
  readonly clippedFraction: number;
  readonly underflowedFraction: number;
  readonly nonFiniteFraction: number;
}

/**
 * The error of casting `values`, with the options of `encodeArray`.
 * Under overflow `special` a clipped element is infinitely wrong: `mse` is `Infinity` and `sqnr` `-Infinity` then.
 */
export function castError(
  format: Format,
  values: ArrayLike<number>,
  options: EncodeArrayOptions = {},
): CastError {
  const scale = checkScale(options.scale ?? 1);
  const scaledOf = isFloat32Array(values) ? (x: number) => Math.fround(x * scale) : (x: number) => x * scale;
  const rounded = roundArray(format, values, undefined, options);
  const count = values.length;
  let amax = 0;
  let signal = 0;
  let noise = 0;
  let clipped = 0;
  let underflowed = 0;
  let nonFinite = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    if (!Number.isFinite(x)) {
      nonFinite++;
      continue;
    }
    const magnitude = Math.abs(x);
    const scaled = scaledOf(magnitude);
    if (magnitude > amax) amax = magnitude;
    if (scaled > format.max) clipped++;
    if (magnitude > 0 && (format.hasSubnormals ? rounded[i] === 0 : scaled < format.minNormal)) underflowed++;
    const error = Number.isFinite(rounded[i]!) ? x - rounded[i]! : Number.POSITIVE_INFINITY;
    signal += x * x;
    noise += error * error;
  }
  const finite = count - nonFinite;
  const fraction = (n: number) => (count === 0 ? 0 : n / count);
  return {
    count,
    amax,
    sqnr: decibels(signal, noise),
    mse: finite === 0 ? 0 : noise / finite,
    clipped,
    underflowed,
    nonFinite,
    clippedFraction: fraction(clipped),
    underflowedFraction: fraction(underflowed),
    nonFiniteFraction: fraction(nonFinite),
  };
}

/**
 * Signal-to-quantisation-noise ratio in decibels: 10 log10( Σ r² / Σ (r − a)² ), summed in double.
 * `Infinity` where the two are equal; `-Infinity` where a reference of zeros is not met; NaN where either holds one.
 */
export function sqnr(reference: ArrayLike<number>, approximation: ArrayLike<number>): number {
  if (reference.length !== approximation.length) {
    throw new OctavoError(
      `[formats] sqnr: got ${approximation.length} approximate values, expected ${reference.length}, as many as reference values`,
    );
  }
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < reference.length; i++) {
    const error = reference[i]! - approximation[i]!;
    signal += reference[i]! * reference[i]!;
    noise += error * error;
  }
  return decibels(signal, noise);
}

/** Signal over noise in decibels; no noise is `Infinity`, whatever the signal. */
export const decibels = (signal: number, noise: number): number =>
  noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
