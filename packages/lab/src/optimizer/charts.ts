/** @file The study's pictures as Vega-Lite specifications, by name. */
import { bytesChart } from './bytes-chart.ts';
import type { Comparison } from './compare.ts';
import { gapChart } from './gap-chart.ts';
import type { OptimizerSettings } from './settings.ts';
import { stallChart } from './stall-chart.ts';
import { underflowChart } from './underflow-chart.ts';

export const chartsOf = (
  settings: OptimizerSettings,
  comparisons: readonly Comparison[],
): Record<string, object> => ({
  scratch: gapChart(settings, comparisons, 'scratch'),
  aged: gapChart(settings, comparisons, 'aged'),
  stalls: stallChart(settings, comparisons),
  underflows: underflowChart(comparisons),
  bytes: bytesChart(comparisons),
});
