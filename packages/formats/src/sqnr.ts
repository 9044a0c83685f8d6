/** @file Signal to quantisation noise. */
import { OctavoError } from './error.ts';

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
