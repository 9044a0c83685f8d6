/** @file What came out: tables, charts, and the claims held to their figures. */
import type { StudyResult } from '../engine/study.ts';
import { type Row, tableOf } from '../engine/table.ts';
import { optimizerOf } from './arms.ts';
import { chartsOf } from './charts/index.ts';
import type { Comparison } from './results.ts';
import type { OptimizerSettings } from './settings.ts';
import { claimsOf } from './statements.ts';
import { markdownOf } from './text.ts';

export function findings(settings: OptimizerSettings, comparisons: readonly Comparison[]): StudyResult {
  const claims = claimsOf(comparisons);
  const run = 'seed int, start text, optimizer text';
  return {
    tables: {
      losses: tableOf(
        `${run}, step int, loss number, gap number`,
        comparisons.flatMap(({ seed, start, optimizer, losses, gaps }) =>
          losses.map((loss, i): Row => ({ seed, start, optimizer, step: i + 1, loss, gap: gaps[i]! })),
        ),
      ),
      moments: tableOf(
        `${run}, step int, tensor text, elements int, stalled int, underflowed int, compared int,
         excess number`,
        comparisons.flatMap(({ seed, start, optimizer, moments }) =>
          moments.map((row): Row => ({ seed, start, optimizer, ...row })),
        ),
      ),
      gaps: tableOf(
        `${run}, lastGap number, largestGap number, worstStep int, brokeAt int, heldOut number,
         heldOutGap number`,
        comparisons.map((c): Row => {
          const { seed, start, optimizer, lastGap, largestGap, worstStep, broke, heldOut, heldOutGap } = c;
          const gaps = { lastGap, largestGap, worstStep, brokeAt: broke?.step ?? null };
          return { seed, start, optimizer, ...gaps, heldOut, heldOutGap };
        }),
      ),
      lost: tableOf(
        `${run}, step int, share number`,
        comparisons.flatMap(({ seed, start, optimizer, lost }) =>
          lost.map((row): Row => ({ seed, start, optimizer, ...row })),
        ),
      ),
      bytes: tableOf(
        `optimizer text, masterFormat text, moment1Format text, moment2Format text, role text,
         stored number, onDevice number`,
        [...new Map(comparisons.map((c) => [c.optimizer, c])).values()].flatMap(({ optimizer, bytes }) => {
          const { master, moment1, moment2 } = optimizerOf(optimizer).recipe;
          const formats = { masterFormat: master, moment1Format: moment1, moment2Format: moment2 };
          return bytes.map((row): Row => ({ optimizer, ...formats, ...row }));
        }),
      ),
    },
    charts: chartsOf(settings, comparisons),
    summary: { claims, markdown: markdownOf(settings, comparisons, claims) },
  };
}
