/** @file The study's rows, what charts, statements and the table read; and a number from many. */
import type { RecordedRun } from '../engine/study.ts';
import { type Cast, paperFormat } from './casts.ts';
import type { Measured } from './measure.ts';
import type { MeasuredOperand } from './measure-model.ts';
import type { WhatIfRow } from './what-if.ts';

/** A measured operand, and whose it is. */
export interface Named extends MeasuredOperand {
  readonly seed: number;
  readonly model: 'base' | 'aged' | 'run';
}

/** One cast of one operand: a row of the table. */
export interface CastRow extends Omit<Named, 'casts'>, Measured {}

export const rowsOf = (operands: readonly Named[]): CastRow[] =>
  operands.flatMap(({ casts, ...operand }) => casts.map((cast) => ({ ...operand, ...cast })));

/** A recorded run, and what each policy would have made of its maxima. */
export interface RunFindings {
  readonly run: RecordedRun;
  readonly rows: readonly WhatIfRow[];
}

/** Only the casts that the paper's recipe would make of an operand: inputs and weights E4M3, gradients E5M2. */
export const asInThePaper = (rows: readonly CastRow[]): CastRow[] =>
  rows.filter(({ format, operand }) => format === paperFormat(operand));

/** What tells a row from all others. */
const IDENTITY = [
  ...(['seed', 'model', 'batch', 'layer', 'site', 'operand'] as const),
  ...(['format', 'granularity', 'policy'] as const),
];

/** Every row beside the cast of the same tensor in `other`'s format, granularity or policy, where there is one. */
export function twins(
  rows: readonly CastRow[],
  all: readonly CastRow[],
  other: Partial<Cast>,
): (readonly [row: CastRow, twin: CastRow])[] {
  const keyOf = (row: CastRow): string => IDENTITY.map((key) => row[key]).join(' ');
  const byKey = new Map(all.map((row) => [keyOf(row), row]));
  return rows.flatMap((row) => {
    const twin = byKey.get(keyOf({ ...row, ...other }));
    return twin ? [[row, twin] as const] : [];
  });
}

export const least = (values: readonly number[]): number => Math.min(...values);

export const largest = (values: readonly number[]): number => Math.max(...values);
