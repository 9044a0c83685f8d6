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
export { chooseDevice, createDevice, type DeviceChoice, type DeviceOptions } from './device/choose.ts';
export { answerForGpu, type GpuAnswer, type GpuQuestion } from './device/gpu-process.ts';
export { deviceNames } from './device/open.ts';
export { type Trial, tryDevice, type Workload } from './device/trial.ts';
export { batchLoss, heldOutLoss } from './evaluate.ts';
export type { TrainEvent } from './events.ts';
export { computeGradients, freeGradients, type Gradients } from './gradients.ts';
export { type LoadOptions, loadModel, type MissingHistory } from './load-model.ts';
export { measuringBatch, measuringPlan } from './measured-step.ts';
export { type MemoryNeed, memoryNeeded } from './memory.ts';
export { type NonFinite, NonFiniteError, type NonFiniteReport } from './non-finite.ts';
export { type NonFinitePolicy, type TrainPlan, tokensPerStep } from './plan.ts';
export { evaluationRow, stepRow, tensorRows } from './rows.ts';
export { type BatchSource, type RunInputs, run } from './run.ts';
export { checkpointFolder, openRunFiles, type RunFiles, statisticsMetadata } from './run-files.ts';
export { initSafety, type Safety } from './safety.ts';
export { sameValue } from './same.ts';
export { SKIP_LIMIT, type StepResult, trainStep } from './step.ts';
export { createTraining, optimizerBytes, type Training } from './training.ts';
export { type TokenBatch, uploadBatch } from './upload.ts';
export { adviceOf, describeAlarm, type WatchAlarm, type WatchPolicy } from './watch/alarm.ts';
export { type WatchLimits, watchLimits } from './watch/limits.ts';
export { observationsOf } from './watch/observe.ts';
export type { Finding, Observation, RuleName, WatchRule } from './watch/rule.ts';
export { watchRules } from './watch/rules.ts';
export {
  initWatch,
  type Nearness,
  type WatchPlan,
  type WatchState,
  watch,
  watchPlan,
} from './watch/state.ts';
