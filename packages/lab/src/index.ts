/** @file `@octavo/lab`: the paper's studies as functions that return Arrow tables and chart specifications. */
export { type AgeingOptions, ageLayer, type FeedForwardInputs, type PlantedChannel } from './ageing.ts';
export { corpusBytes, heldOutBytes, type RareByte, rareByte } from './corpus.ts';
export { studyFormats } from './formats/index.ts';
export { type FormatsSettings, fullFormats, quickFormats } from './formats/settings.ts';
export { studyInstability } from './instability/index.ts';
export { protocolRecipe } from './instability/recipes.ts';
export { fullStudy, type InstabilitySettings, quickStudy } from './instability/settings.ts';
export { studyRecipes } from './recipes/index.ts';
export { fullRecipes, quickRecipes, type RecipesSettings } from './recipes/settings.ts';
export type { RecordedRow, RecordedRun } from './recorded-run.ts';
export { type Snapshot, takeSnapshot, trainingFrom, untrained } from './snapshot.ts';
export { type StudyName, studies, studyOf } from './studies.ts';
export {
  type Claim,
  memoryParts,
  type Parts,
  type Progress,
  type Study,
  type StudyOptions,
  type StudyResult,
} from './study.ts';
export { studyThroughput } from './throughput/index.ts';
export { fullThroughput, quickThroughput, type ThroughputSettings } from './throughput/settings.ts';
export { studyWatch } from './watch/index.ts';
export { fullWatch, quickWatch, type WatchSettings } from './watch/settings.ts';
