/** @file Paired gaps: a run's loss less that of another on the same batch. */
import { mean } from '../engine/numbers.ts';

/** Losses as parts hold them: JSON keeps one that is not finite as null. */
export type StoredLosses = readonly (number | null)[];

/** Step by step; NaN where either is not finite. */
export const pairedGaps = (losses: StoredLosses, base: StoredLosses): number[] =>
  losses.map((loss, i) => (loss ?? Number.NaN) - (base[i] ?? Number.NaN));

/** The last half of what `whole` steps or samples gave. */
export const lastHalf = <T>(values: readonly T[], whole = values.length): readonly T[] =>
  values.slice(Math.floor(whole / 2));

export const lastHalfMean = (values: readonly number[], whole?: number): number =>
  mean(lastHalf(values, whole));
