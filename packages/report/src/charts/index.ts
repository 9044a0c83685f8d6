/**
 * @file `@octavo/report/charts`: a run's pictures and findings as pure functions from rows to Vega-Lite specifications, and
 * what all pictures share. No files, and none of the libraries that draw.
 */

export { alignmentChart } from './alignment-chart.ts';
export { commonTokens, finalLoss, lossAt, tokensSeen } from './endings.ts';
export { quietCasts } from './facts.ts';
export { type Finding, findingsOf } from './findings.ts';
export { colours, frame, quantity } from './frame.ts';
export { gapChart } from './gap-chart.ts';
export { gapsOf, type RunGap } from './gaps.ts';
export { channelOf, cosinesOf, type GateUp, mostAligned } from './gate-up.ts';
export { gateUpChart } from './gate-up-chart.ts';
export type { Measured } from './heat-cells.ts';
export { heatMap } from './heat-map.ts';
export { lossChart } from './loss-chart.ts';
export { overviewChart } from './overview-chart.ts';
export type { AlarmPoint, EvaluationPoint, ReportRun, StepPoint, TensorPoint } from './rows.ts';
export { scheduleChart } from './schedule-chart.ts';
export { median } from './values.ts';
export { figure, percent, plural, signed } from './words.ts';
