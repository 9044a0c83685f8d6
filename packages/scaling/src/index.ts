/** @file `@octavo/scaling`: scaling policies as plain data, and pure functions on serialisable state. */
export { blockAmax } from './amax.ts';
export { checkBoolean, checkChoice, checkKeys, checkText, faultError, refuse } from './check.ts';
export { e8m0Codes, e8m0Scale, mxSpecScale, scalesFromE8m0 } from './e8m0.ts';
export {
  type BlockShape,
  blockOf,
  checkGranularity,
  type Granularity,
  MX_BLOCK,
  scaleGrid,
} from './granularity.ts';
export {
  type CurrentPolicy,
  checkPolicy,
  current,
  type DelayedPolicy,
  delayed,
  type FixedPolicy,
  fixed,
  mx,
  type Policy,
} from './policy.ts';
export { dequantize, type QuantizedMatrix, type QuantizeOptions, quantize } from './quantize.ts';
export { CLIPS_ABOVE, scaleFromAmax } from './scale-from-amax.ts';
export { checkState, initState, needsOwnMaximum, observe, type ScalingState, scales } from './state.ts';
