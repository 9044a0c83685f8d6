/** @file The study's pictures as Vega-Lite specifications. */

import type { Results } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';
import { portraitChart } from './channel.ts';
import { gapChart } from './gap.ts';
import { alignmentChart, gridChart } from './grid.ts';
import { outlierChart } from './outlier.ts';
import { theoremChart } from './theorem.ts';

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
