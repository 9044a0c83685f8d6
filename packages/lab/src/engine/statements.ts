/** @file Statements as data: what is said, the figures it is held to and their limit; and what came of them, in Markdown. */
import type { Claim } from './study.ts';

export interface Statement<Results> {
  readonly text: string;
  /** What the paper says of it. */
  readonly paper?: string | undefined;
  /** The figures, one a seed. */
  readonly values: (results: Results) => readonly number[];
  /** What every one of them must pass. */
  readonly holds: (value: number) => boolean;
}

export const atLeast =
  (limit: number) =>
  (value: number): boolean =>
    value >= limit;
export const atMost =
  (limit: number) =>
  (value: number): boolean =>
    value <= limit;
export const above =
  (limit: number) =>
  (value: number): boolean =>
    value > limit;
/** No further than `limit` from zero, on either side. */
export const within =
  (limit: number) =>
  (value: number): boolean =>
    Math.abs(value) <= limit;

/** A statement holds where there is a figure and all of them pass. */
export const held = <Results>(statements: readonly Statement<Results>[], results: Results): Claim[] =>
  statements.map(({ text, paper, values: measure, holds }) => {
    const values = measure(results);
    const said = paper === undefined ? {} : { paper };
    return { text, ...said, values, holds: values.length > 0 && values.every(holds) };
  });

/** A line for a claim; `figure` writes a measured value. */
export const claimLines = (claims: readonly Claim[], figure: (value: number) => string): string[] =>
  claims.map(({ text, values, holds, paper }) => {
    const said = paper ? `; the paper: ${paper}` : '';
    return `- ${holds ? 'holds' : 'does not hold'}: ${text} (${values.map((value) => figure(value)).join(', ')})${said}`;
  });
