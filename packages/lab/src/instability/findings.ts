/** @file What came out: tables, charts, and the claims held to their figures. */

import type { StudyResult } from '../engine/study.ts';
import { type Row, tableOf } from '../engine/table.ts';
import type { RareByte } from '../training/corpus.ts';
import { chartsOf } from './charts/index.ts';
import { doseGapsOf, gapsOf } from './gaps.ts';
import type { Results } from './results.ts';
import type { InstabilitySettings } from './settings.ts';
import { claimsOf } from './statements.ts';
import { markdownOf } from './text.ts';

export function findings(settings: InstabilitySettings, rare: RareByte, results: Results): StudyResult {
  const gaps = gapsOf(results.runs, settings.spikeEvery);
  const doses = doseGapsOf(results.doses);
  const claims = claimsOf(settings, gaps, results);
  return {
    tables: {
      losses: tableOf(
        'seed int, arm text, recipe text, step int, loss number, gap number',
        gaps.flatMap(({ seed, arm, recipe, losses, gaps: all }) =>
          losses.map((loss, i): Row => ({ seed, arm, recipe, step: i + 1, loss, gap: all[i]! })),
        ),
      ),
      casts: tableOf(
        `seed int, arm text, recipe text, step int, layer int, amax number, overflows number,
         underflows number`,
        results.runs.flatMap(({ seed, arm, recipe, casts }) =>
          casts.map((cast): Row => ({ seed, arm, recipe, ...cast })),
        ),
      ),
      doses: tableOf('seed int, peak number, recipe text, gap number', doses),
      products: tableOf(
        'seed int, layer int, column text, outlier number, recipe text, error number',
        results.products,
      ),
      planted: tableOf(
        'seed int, layer int, channel int, alpha number, onRare number, onOrdinary number',
        results.planted,
      ),
    },
    charts: chartsOf(settings, gaps, doses, results),
    summary: { claims, markdown: markdownOf(settings, rare, gaps, doses, claims, results) },
  };
}
