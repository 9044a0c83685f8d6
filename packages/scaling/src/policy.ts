/** @file Scaling policies as plain data: where the scale of a cast comes from. */
import { OctavoError } from '@octavo/formats';
import { checkBoolean, checkChoice, checkKeys, checkNumber } from './check.ts';

/**
 * The scale comes from maxima of earlier steps, so that a cast needs one pass over the tensor.
 * (P. Micikevicius et al., "FP8 Formats for Deep Learning", arXiv 2209.05433; NVIDIA TransformerEngine.)
 */
export interface DelayedPolicy {
  readonly kind: 'delayed';
  /** Observations remembered. */
  readonly history: number;
  /** Observations from one renewal of the scale to the next. */
  readonly interval: number;
  /** Powers of two kept free above the maximum. */
  readonly margin: number;
  /** Which remembered maximum counts: the largest, or the latest. */
  readonly algorithm: 'max' | 'most-recent';
  /** Round the scale down to a power of two. */
  readonly powerOfTwo: boolean;
  /** Before the first observation: the tensor's own maximum, or scale 1. */
  readonly first: 'current' | 'one';
}

/** The scale comes from the tensor itself, just in time. */
export interface CurrentPolicy {
  readonly kind: 'current';
  readonly margin: number;
  readonly powerOfTwo: boolean;
}

/** The scale is given, and stays. */
export interface FixedPolicy {
  readonly kind: 'fixed';
  readonly scale: number;
}

export type Policy = DelayedPolicy | CurrentPolicy | FixedPolicy;

/**
 * Delayed scaling. Defaults are TransformerEngine's (history 1024, maximum, margin 0, renewed every step, not a power
 * of two), but for `first`: TransformerEngine begins at scale 1, this with the tensor's own maximum.
 * The paper's (arXiv 2409.12517): `delayed({ history: 1, powerOfTwo: true, first: 'one' })` with one observation a
 * global batch; with one a micro-batch, both `history` and `interval` are the number of micro-batches.
 */
export function delayed(options: Partial<Omit<DelayedPolicy, 'kind'>> = {}): DelayedPolicy {
  return checkPolicy({
    kind: 'delayed',
    history: 1024,
    interval: 1,
    margin: 0,
    algorithm: 'max',
    powerOfTwo: false,
    first: 'current',
    ...options,
  }) as DelayedPolicy;
}

/** Current scaling; margin 0, not a power of two. */
export function current(options: Partial<Omit<CurrentPolicy, 'kind'>> = {}): CurrentPolicy {
  return checkPolicy({ kind: 'current', margin: 0, powerOfTwo: false, ...options }) as CurrentPolicy;
}

/** What MX blocks need: current scaling by powers of two, rounded so that nothing overflows. */
export const mx = (): CurrentPolicy => current({ powerOfTwo: true });

/** Always the same scale. */
export const fixed = (scale: number): FixedPolicy => checkPolicy({ kind: 'fixed', scale }) as FixedPolicy;

/** A policy from outside (a file, a command line), checked; frozen. The error names the key and what it may be. */
export function checkPolicy(value: unknown, where = 'policy'): Policy {
  const { kind, ...rest } = checkKeys(value, where);
  switch (kind) {
    case 'delayed': {
      const options = checkKeys(rest, where, [
        'history',
        'interval',
        'margin',
        'algorithm',
        'powerOfTwo',
        'first',
      ]);
      return Object.freeze({
        kind,
        history: checkNumber(options.history, `${where}.history`, { integer: true, from: 1, to: 2 ** 20 }),
        interval: checkNumber(options.interval, `${where}.interval`, {
          integer: true,
          from: 1,
          to: 2 ** 20,
        }),
        margin: checkMargin(options.margin, where),
        algorithm: checkChoice(options.algorithm, `${where}.algorithm`, ['max', 'most-recent']),
        powerOfTwo: checkBoolean(options.powerOfTwo, `${where}.powerOfTwo`),
        first: checkChoice(options.first, `${where}.first`, ['current', 'one']),
      });
    }
    case 'current': {
      const options = checkKeys(rest, where, ['margin', 'powerOfTwo']);
      return Object.freeze({
        kind,
        margin: checkMargin(options.margin, where),
        powerOfTwo: checkBoolean(options.powerOfTwo, `${where}.powerOfTwo`),
      });
    }
    case 'fixed': {
      const options = checkKeys(rest, where, ['scale']);
      const range = { from: 2 ** -126, to: (2 - 2 ** -23) * 2 ** 127 };
      return Object.freeze({ kind, scale: checkNumber(options.scale, `${where}.scale`, range) });
    }
    default:
      throw new OctavoError(
        `[scaling] ${where}.kind: got ${JSON.stringify(kind)}, expected one of delayed, current, fixed`,
        { exitCode: 2 },
      );
  }
}

const checkMargin = (value: unknown, where: string): number =>
  checkNumber(value, `${where}.margin`, { from: -64, to: 64 });
