export {
  type AdamFormats,
  type AdamHyperparameters,
  type AdamState,
  adamFormats,
  adamStep,
  bytesPerParameter,
  formatsFor,
  hyperparameterValues,
  type Moment2Rule,
  STREAMS,
  tensorsOf,
} from './adamw.ts';
export { ADAM_ROLES, type NextState, nextAdamState, storeAdamState } from './adamw-halves.ts';
export { clipFactor, globalNorm } from './clipping.ts';
export { leastRoot } from './moment-bound.ts';
export { learningRate, type Schedule } from './schedule.ts';
export { createAdamState, storedState } from './state.ts';
