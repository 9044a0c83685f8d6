export {
  type AdamFormats,
  type AdamHyper,
  type AdamState,
  adamFormats,
  adamStep,
  bytesPerParameter,
  formatsFor,
  hyperValues,
  tensorsOf,
} from './adamw.ts';
export { clipFactor, globalNorm } from './clipping.ts';
export { learningRate, type Schedule } from './schedule.ts';
export { createAdamState } from './state.ts';
