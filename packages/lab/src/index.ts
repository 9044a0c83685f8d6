/** @file `@octavo/lab`: the paper's studies as functions that return Arrow tables and chart specifications. */

export { type AlignmentSettings, fullAlignment, quickAlignment } from './alignment/settings.ts';
export type { RecordedRow, RecordedRun } from './engine/recorded-run.ts';
export {
  type Claim,
  memoryParts,
  type Parts,
  type Progress,
  type Study,
  type StudyOptions,
  type StudyResult,
} from './engine/study.ts';
export { type FormatsSettings, fullFormats, quickFormats } from './formats/settings.ts';
export { fullStudy, type InstabilitySettings, quickStudy } from './instability/settings.ts';
export { fullOptimizer, type OptimizerSettings, quickOptimizer } from './optimizer/settings.ts';
export { fullRecipes, quickRecipes, type RecipesSettings } from './recipes/settings.ts';
export { alignmentChart } from './report/alignment-chart.ts';
export { finalLoss, median } from './report/ending.ts';
export { commonTokens, lossAt, tokensSeen } from './report/equal-tokens.ts';
export { type Finding, findingsOf } from './report/findings.ts';
export { gapChart } from './report/gap-chart.ts';
export { gapsOf, type RunGap } from './report/gaps.ts';
export { channelOf, cosinesOf, type GateUp, mostAligned } from './report/gate-up.ts';
export { gateUpChart } from './report/gate-up-chart.ts';
export type { Measured } from './report/heat-cells.ts';
export { heatMap } from './report/heat-map.ts';
export { lossChart } from './report/loss-chart.ts';
export { quietCasts } from './report/losses-of-casts.ts';
export { overviewChart } from './report/overview-chart.ts';
export type { AlarmPoint, EvaluationPoint, ReportRun, StepPoint, TensorPoint } from './report/rows.ts';
export { scheduleChart } from './report/schedule-chart.ts';
export {
  type StudyName,
  studies,
  studyAlignment,
  studyFormats,
  studyInstability,
  studyOf,
  studyOptimizer,
  studyRecipes,
  studyThroughput,
  studyWatch,
} from './studies.ts';
export { fullThroughput, quickThroughput, type ThroughputSettings } from './throughput/settings.ts';
export {
  type AgeingOptions,
  ageLayer,
  type FeedForwardInputs,
  type PlantedChannel,
} from './training/ageing.ts';
export { corpusBytes, heldOutBytes, type RareByte, rareByte } from './training/corpus.ts';
export { largestWork } from './training/largest-work.ts';
export { protocolRecipe } from './training/recipes.ts';
export { type Snapshot, takeSnapshot, trainingFrom, untrained } from './training/snapshot.ts';
export { fullWatch, quickWatch, type WatchSettings } from './watch/settings.ts';
