/** @file `@octavo/exchange`: models in and out of other programs' files. */
export { checkpointOf } from './as-checkpoint.ts';
export {
  type ChannelMaxima,
  calibrate,
  calibrationBytes,
  type Windows,
} from './calibrate/calibrate.ts';
export { type CalibrationText, calibrationWindows } from './calibrate/text.ts';
export { examine, fixFolder } from './doctor/doctor.ts';
export type { Finding, FindingKind } from './doctor/finding.ts';
export { foldedMaxima, foldSmooth, scalesOfMaxima, smoothingScales } from './fold-smooth.ts';
export { keepModelFiles, modelFiles } from './folder-files.ts';
export { readModelConfig } from './hugging-face-source.ts';
export { ALIGNED, type Smoothing, type SwiGluFindings } from './inspect/alignment.ts';
export {
  castFormats,
  granularityNames,
  type InspectedCast,
  inspectedCast,
  policyNames,
} from './inspect/cast.ts';
export { type InspectEvent, inspect, type TensorFindings } from './inspect/inspect.ts';
export type { CastLoss, Measured, Survey } from './inspect/measure.ts';
export { openTensors } from './inspect/open-tensors.ts';
export {
  inspectedChannels,
  inspectedSwiglus,
  inspectedTensors,
  inspectionTables,
} from './inspect/tables.ts';
export type { ListedTensor, TensorFile, Values } from './inspect/tensors.ts';
export { openModel } from './open-model.ts';
export { type OutputType, outputTypes } from './output-type.ts';
export { BLOCK, type Dialect, type Scheme, type SchemeName, schemes } from './quantize/schemes.ts';
export { quantizedWeights } from './quantize/weights.ts';
export { type ModelSource, type TokenizerHint, valuesOf } from './source.ts';
export { writeCheckpointModel } from './write-checkpoint.ts';
export { type Weights, type WriteOptions, type Written, writeHuggingFace } from './write-hugging-face.ts';
