/** @file The study's pictures as Vega-Lite specifications, by name. */

import type { Comparison } from '../results.ts';
import type { OptimizerSettings } from '../settings.ts';
import { bytesChart } from './bytes.ts';
import { gapChart } from './gaps.ts';
import { stallChart } from './stalls.ts';
import { underflowChart } from './underflows.ts';

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
