export {
  type AdamFormats,
  type AdamHyper,
  type AdamState,
  adamFormats,
  adamStep,
  bytesPerParameter,
  formatsFor,
  hyperValues,
  type Moment2Rule,
  STREAMS,
  tensorsOf,
} from './adamw.ts';
export { clipFactor, globalNorm } from './clipping.ts';
export { leastRoot } from './moment-bound.ts';
export { learningRate, type Schedule } from './schedule.ts';
export { createAdamState, storedState } from './state.ts';
