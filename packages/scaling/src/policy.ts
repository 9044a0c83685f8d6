/** @file Scaling policies as plain data: where the scale of a cast comes from. */
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
export const delayed = (options: Partial<Omit<DelayedPolicy, 'kind'>> = {}): DelayedPolicy =>
  checkPolicy({ ...options, kind: 'delayed' }) as DelayedPolicy;

/** Current scaling; margin 0, not a power of two. */
export const current = (options: Partial<Omit<CurrentPolicy, 'kind'>> = {}): CurrentPolicy =>
  checkPolicy({ ...options, kind: 'current' }) as CurrentPolicy;

/** What MX blocks need: current scaling by powers of two, rounded so that nothing overflows. */
export const mx = (): CurrentPolicy => current({ powerOfTwo: true });

/** Always the same scale. */
export const fixed = (scale: number): FixedPolicy => checkPolicy({ kind: 'fixed', scale }) as FixedPolicy;

const COUNT = { integer: true, from: 1, to: 2 ** 20 };
const SCALE = { from: 2 ** -126, to: (2 - 2 ** -23) * 2 ** 127 };

/**
 * A policy from outside (a file, a command line), checked, what it leaves out filled in with its kind's defaults; frozen.
 * The error names the key and what it may be.
 */
export function checkPolicy(value: unknown, where = 'policy'): Policy {
  const { kind, ...rest } = checkKeys(value, where);
  const at = (key: string): string => `${where}.${key}`;
  const margin = (value: unknown = 0): number => checkNumber(value, at('margin'), { from: -64, to: 64 });
  const powerOfTwo = (value: unknown = false): boolean => checkBoolean(value, at('powerOfTwo'));
  switch (checkChoice(kind, at('kind'), ['delayed', 'current', 'fixed'])) {
    case 'delayed': {
      const keys = ['history', 'interval', 'margin', 'algorithm', 'powerOfTwo', 'first'];
      const given = checkKeys(rest, where, keys);
      const { history = 1024, interval = 1, algorithm = 'max', first = 'current' } = given;
      return Object.freeze({
        kind: 'delayed',
        history: checkNumber(history, at('history'), COUNT),
        interval: checkNumber(interval, at('interval'), COUNT),
        margin: margin(given.margin),
        algorithm: checkChoice(algorithm, at('algorithm'), ['max', 'most-recent']),
        powerOfTwo: powerOfTwo(given.powerOfTwo),
        first: checkChoice(first, at('first'), ['current', 'one']),
      });
    }
    case 'current': {
      const given = checkKeys(rest, where, ['margin', 'powerOfTwo']);
      return Object.freeze({
        kind: 'current',
        margin: margin(given.margin),
        powerOfTwo: powerOfTwo(given.powerOfTwo),
      });
    }
    case 'fixed': {
      const given = checkKeys(rest, where, ['scale']);
      return Object.freeze({ kind: 'fixed', scale: checkNumber(given.scale, at('scale'), SCALE) });
    }
  }
}
