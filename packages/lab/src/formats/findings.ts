/** @file What came out: tables, charts, and the claims held to their figures. */
import type { StudyResult } from '../engine/study.ts';
import { tableOf } from '../engine/table.ts';
import { chartsOf } from './charts/index.ts';
import { whatIfCharts } from './charts/what-if.ts';
import { type Named, type RunFindings, rowsOf } from './results.ts';
import type { FormatsSettings } from './settings.ts';
import { claimsOf } from './statements.ts';
import { markdownOf } from './text.ts';

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
        `seed int, model text, batch text, layer int, site text, operand text, format text,
         granularity text, policy text, sqnr number, rowSqnr number, clipped number,
         underflowed number, amax number, kurtosis number`,
        rows,
      ),
      ...(run && {
        whatif: tableOf(
          `layer int, site text, operand text, format text, policy text, counted int, clipped int,
           wasted int, starved int, headroom number, leastHeadroom number`,
          run.rows,
        ),
      }),
    },
    charts: { ...chartsOf(rows), ...(run && whatIfCharts(run.rows)) },
    summary: { claims, markdown: markdownOf(settings, rows, claims, run) },
  };
}
