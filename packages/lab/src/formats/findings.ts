/** @file What came out: tables, charts, and the claims held to their figures. */
import type { RecordedRun } from '../recorded-run.ts';
import type { StudyResult } from '../study.ts';
import { type Row, tableOf } from '../table.ts';
import { chartsOf } from './charts.ts';
import { claimsOf } from './claims.ts';
import type { Measured } from './measure.ts';
import type { MeasuredOperand } from './measure-model.ts';
import type { FormatsSettings } from './settings.ts';
import { markdownOf } from './summary.ts';
import type { WhatIfRow } from './what-if.ts';
import { whatIfCharts } from './what-if-charts.ts';

/** A measured operand, and whose it is. */
export interface Named extends MeasuredOperand {
  readonly seed: number;
  readonly model: 'base' | 'aged' | 'run';
}

/** One cast of one operand: a row of the table. */
export interface CastRow extends Omit<Named, 'casts'>, Measured {}

export const rowsOf = (operands: readonly Named[]): CastRow[] =>
  operands.flatMap(({ casts, ...operand }) => casts.map((cast) => ({ ...operand, ...cast })));

export interface RunFindings {
  readonly run: RecordedRun;
  readonly rows: readonly WhatIfRow[];
}

export function findings(
  settings: FormatsSettings,
  operands: readonly Named[],
  run: RunFindings | null,
): StudyResult {
  const rows = rowsOf(operands);
  const claims = claimsOf(rows);
  return {
    tables: {
      casts: tableOf(
        {
          seed: 'int',
          model: 'text',
          batch: 'text',
          layer: 'int',
          site: 'text',
          operand: 'text',
          format: 'text',
          granularity: 'text',
          policy: 'text',
          sqnr: 'number',
          rowSqnr: 'number',
          clipped: 'number',
          underflowed: 'number',
          amax: 'number',
          kurtosis: 'number',
        },
        rows.map((row): Row => ({ ...row })),
      ),
      ...(run && {
        whatif: tableOf(
          {
            layer: 'int',
            site: 'text',
            operand: 'text',
            format: 'text',
            policy: 'text',
            counted: 'int',
            clipped: 'int',
            wasted: 'int',
            starved: 'int',
            headroom: 'number',
            leastHeadroom: 'number',
          },
          run.rows.map((row): Row => ({ ...row })),
        ),
      }),
    },
    charts: { ...chartsOf(rows), ...(run && whatIfCharts(run.rows)) },
    summary: { claims, markdown: markdownOf(settings, rows, claims, run) },
  };
}
