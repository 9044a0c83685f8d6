/** @file The study's pictures as Vega-Lite specifications. */

import { outlierChart, portraitChart } from './chart-channel.ts';
import { gapChart } from './chart-gap.ts';
import { alignmentChart, gridChart } from './chart-grid.ts';
import { theoremChart } from './chart-theorem.ts';
import type { Results } from './runs.ts';
import type { AlignmentSettings } from './settings.ts';

export const chartsOf = (
  settings: AlignmentSettings,
  { natural, neurons }: Results,
): Record<string, object> => ({
  grid: gridChart(settings, natural),
  alignment: alignmentChart(settings, natural),
  entries: portraitChart(settings, natural),
  outlier: outlierChart(settings, natural),
  gap: gapChart(settings, natural),
  theorem: theoremChart(neurons),
});
