/** @file The study's rows: what charts, statements and the table read. */
import type { RecordedRun } from '../engine/recorded-run.ts';
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
