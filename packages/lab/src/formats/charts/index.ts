/** @file The study's pictures as Vega-Lite specifications, by name. */
import { where } from '../../engine/rows.ts';
import type { CastRow } from '../results.ts';
import { agedChart, swigluChart } from './aged.ts';
import { gradientChart } from './gradients.ts';
import { sqnrChart, worstChart } from './heat-maps.ts';
import type { ModelName } from './parts.ts';
import { delayedChart, worstTensorsChart } from './tensors.ts';

export function chartsOf(rows: readonly CastRow[]): Record<string, object> {
  const has = (model: ModelName): boolean => rows.some((row) => row.model === model);
  const sound: ModelName = has('base') ? 'base' : 'run';
  const worst: ModelName = has('aged') ? 'aged' : 'run';
  const [soundRows, worstRows] = [where(rows, { model: sound }), where(rows, { model: worst })];
  return {
    sqnr: sqnrChart(soundRows, sound),
    worst: worstChart(worstRows, worst),
    'worst-tensors': worstTensorsChart(worstRows, worst),
    delayed: delayedChart(rows),
    gradients: gradientChart(soundRows, sound),
    ...(has('base') && has('aged') ? { aged: agedChart(rows), swiglu: swigluChart(rows) } : {}),
  };
}
