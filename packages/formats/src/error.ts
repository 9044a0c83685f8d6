/** @file The one error class of the house; its marker survives duplicate copies of a package. */
import { visible } from './quoted.ts';

const MARKER = Symbol.for('octavo.error');

/** What is wrong with a value from outside, in parts, so that a caller who knows the value's file and line can word the error. */
export interface Fault {
  /** Keys, joined by dots; empty: the value as a whole. */
  readonly path: string;
  /** What stands there, in words. */
  readonly got: string;
  readonly expected: string;
  /** Words that may stand there. */
  readonly choices?: readonly string[];
  /** The key within `path` that is none of the `choices`. */
  readonly unknownKey?: string;
}

/**
 * `[package] what is wrong: got X, expected Y`, in one line: control characters in it, which names from outside may
 * hold and a terminal would obey, are spelt out. `exitCode` is 2 for bad usage, 0 where work was broken off as asked, else 1.
 */
export class OctavoError extends Error {
  readonly exitCode: 0 | 1 | 2;
  readonly fault: Fault | null;

  constructor(message: string, options: { cause?: unknown; exitCode?: 0 | 1 | 2; fault?: Fault } = {}) {
    super(visible(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OctavoError';
    this.exitCode = options.exitCode ?? 1;
    this.fault = options.fault ?? null;
    Object.defineProperty(this, MARKER, { value: true });
  }

  static is(error: unknown): error is OctavoError {
    return typeof error === 'object' && error !== null && MARKER in error;
  }
}
