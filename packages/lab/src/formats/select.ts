/** @file Rows of the study's table by what they are, and a number from many. */
import { type Cast, paperFormat } from './casts.ts';
import type { CastRow } from './results.ts';

type Wanted = Partial<Pick<CastRow, 'seed' | 'model' | 'batch' | 'layer' | 'site' | 'operand' | keyof Cast>>;

/** The rows that agree with all of `wanted`. */
export function select(rows: readonly CastRow[], wanted: Wanted): CastRow[] {
  const keys = Object.keys(wanted) as (keyof Wanted)[];
  return rows.filter((row) => keys.every((key) => row[key] === wanted[key]));
}

/** Only the casts that the paper's recipe would make of an operand: inputs and weights E4M3, gradients E5M2. */
export const asInThePaper = (rows: readonly CastRow[]): CastRow[] =>
  rows.filter(({ format, operand }) => format === paperFormat(operand));

/** The cast of the same tensor in `other`'s format, granularity or policy. */
export function twinOf(rows: readonly CastRow[], row: CastRow, other: Partial<Cast>): CastRow | undefined {
  const { seed, model, batch, layer, site, operand, format, granularity, policy } = row;
  const [twin] = select(rows, {
    ...{ seed, model, batch, layer, site, operand, format, granularity, policy },
    ...other,
  });
  return twin;
}

/** Differences of `value` between every row and its twin, where there is one. */
export const differences = (
  rows: readonly CastRow[],
  all: readonly CastRow[],
  other: Partial<Cast>,
  value: (row: CastRow) => number,
): number[] =>
  rows.flatMap((row) => {
    const twin = twinOf(all, row, other);
    return twin ? [value(row) - value(twin)] : [];
  });

export const least = (values: readonly number[]): number => Math.min(...values);

export const largest = (values: readonly number[]): number => Math.max(...values);
