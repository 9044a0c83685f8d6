/**
 * @file `@octavo/report/charts`: a run's pictures and findings as pure functions from rows to Vega-Lite specifications, and
 * what all pictures share. No files, and none of the libraries that draw.
 */

export { alignmentChart } from './alignment-chart.ts';
export { commonTokens, finalLoss, lossAt, tokensSeen } from './endings.ts';
export { quietCasts } from './facts.ts';
export { type Finding, findingsOf } from './findings.ts';
export { colours, frame, quantity } from './frame.ts';
export { gapChart, gapsOf, type RunGap } from './gap-chart.ts';
export { channelOf, cosinesOf, type GateUp, gateUpChart, mostAligned } from './gate-up-chart.ts';
export { heatMap } from './heat-map.ts';
export { lossChart } from './loss-chart.ts';
export { figure, median, percent, plural, signed } from './numbers.ts';
export { overviewChart } from './overview-chart.ts';
export type { AlarmPoint, EvaluationPoint, Measured, ReportRun, StepPoint, TensorPoint } from './rows.ts';
export { scheduleChart } from './schedule-chart.ts';
