export {
  type CheckpointState,
  checkSameRun,
  type FailedStep,
  faultOf,
  isRescued,
  metadataOf,
  recordsOf,
  restoreTraining,
  stateOf,
} from './checkpoint.ts';
export { sameValue } from './checkpoint-metadata.ts';
export { SKIP_LIMIT } from './decide.ts';
export { chooseDevice, createDevice, type DeviceChoice, type DeviceOptions } from './device/choose.ts';
export { answerForGpu, type GpuAnswer, type GpuQuestion } from './device/gpu-process.ts';
export { deviceNames } from './device/open.ts';
export { type Trial, tryDevice, type Workload } from './device/trial.ts';
export { batchLoss, heldOutLoss } from './evaluate.ts';
export type { TrainEvent } from './events.ts';
export { freeGradients } from './gradients.ts';
export { adviceOf, describeAlarm, type GuardAlarm, type GuardPolicy } from './guard/alarm.ts';
export { type GuardLimits, guardLimits } from './guard/limits.ts';
export type { Finding, GuardRule, Observation, RuleName } from './guard/rule.ts';
export { guardRules } from './guard/rules.ts';
export {
  type GuardPlan,
  type GuardState,
  guardPlan,
  initGuard,
  judge,
  type Nearness,
} from './guard/state.ts';
export type { Safety } from './held.ts';
export { importedMetadata } from './import.ts';
export type { Gradients } from './learned.ts';
export { type LoadOptions, loadModel, type MissingHistory } from './load-model.ts';
export { type LogSink, logSinks, openRunLog, type RunLog } from './log/sink.ts';
export { measuringBatch, measuringPlan } from './measured-step.ts';
export { type MemoryNeed, memoryNeeded } from './memory.ts';
export { type NonFinite, NonFiniteError, type NonFiniteReport } from './non-finite.ts';
export { observationsOf } from './observations.ts';
export { type NonFinitePolicy, type TrainPlan, tokensPerStep } from './plan.ts';
export { evaluationRow, tensorRows } from './rows.ts';
export { type BatchSource, type RunInputs, run } from './run.ts';
export { checkpointFolder, openRunFiles, type RunFiles } from './run-files.ts';
export { scorerOf } from './score.ts';
export { continueText, openingOf, type TextPiece } from './session/continue-text.ts';
export { cutForRanks } from './session/cut.ts';
export { deviceOfRun, type SessionDevice } from './session/device.ts';
export { newestCheckpoint, openCheckpointAt, runOf } from './session/find-checkpoint.ts';
export {
  checkFree,
  checkHeld,
  claimFolder,
  folderToResume,
  isFree,
  isRun,
  RUN_FILE,
} from './session/folder.ts';
export { checkMemory, gigabytes, type MemoryCheck, type Room, roomHere } from './session/memory-check.ts';
export { isMadeFromText, type NamedTask, type OpenTask, openTask } from './session/open-task.ts';
export { fineTuning, type Preset, presetOf } from './session/presets.ts';
export {
  checkSettings,
  type Hyperparameters,
  type NamedModel,
  planOf,
  type RunSettings,
  textShapeOf,
  workOf,
} from './session/settings.ts';
export { calibrateScales, type Start, startTraining } from './start.ts';
export { computeGradients, type StepResult, trainStep } from './step.ts';
export { createTraining, optimizerBytes, type Training, trainingOf } from './training.ts';
export { type TokenBatch, uploadBatch } from './transfer.ts';
