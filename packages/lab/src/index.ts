/** @file `@octavo/lab`: the paper's studies as functions that return Arrow tables and chart specifications. */

export { type AlignmentSettings, fullAlignment, quickAlignment } from './alignment/settings.ts';
export { openRecordedRun, type RecordedText } from './engine/open-recorded-run.ts';
export type { RecordedRow, RecordedRun } from './engine/study.ts';
export {
  type Claim,
  memoryParts,
  type Parts,
  type Progress,
  type Study,
  type StudyOptions,
  type StudyResult,
} from './engine/study.ts';
export { openStudyFolder, type StudyFolder } from './engine/study-folder.ts';
export { type FormatsSettings, fullFormats, quickFormats } from './formats/settings.ts';
export { fullStudy, type InstabilitySettings, quickStudy } from './instability/settings.ts';
export { fullOptimizer, type OptimizerSettings, quickOptimizer } from './optimizer/settings.ts';
export { fullRecipes, quickRecipes, type RecipesSettings } from './recipes/settings.ts';
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
