/** @file `@octavo/kernels`: the Device contract, every operator of Llama2 training, and the devices that run them. */
export type { CopyRegion, Device } from './device.ts';
export {
  checkedOut,
  checkOuts,
  checkRegion,
  checkValues,
  createInventory,
  type Inventory,
  newTensor,
} from './device-checks.ts';
export { type AdamwAttributes, adamw } from './fused/adamw.ts';
export { attentionCachedScaled } from './fused/attention-cached-scaled.ts';
export { type CastWithStatisticsAttributes, castWithStatistics } from './fused/cast-with-statistics.ts';
export { type CountLostAttributes, countLost } from './fused/count-lost.ts';
export { crossEntropyWithGrad } from './fused/cross-entropy-with-grad.ts';
export { fusedOperators } from './fused/index.ts';
export {
  type QuantizeCurrentAttributes,
  type QuantizeScaledAttributes,
  quantizeCurrent,
  quantizeScaled,
} from './fused/quantize.ts';
export { isFused, runParts } from './fused.ts';
export { createGpuDevice, type GpuBackend, type GpuDeviceOptions } from './gpujs/create.ts';
export {
  type Attribute,
  type Attributes,
  defineOperator,
  type FusedOperator,
  type KernelConstant,
  type KernelSource,
  type Operator,
  type Parts,
  type Pass,
  type Run,
  type Signature,
  type View,
} from './operator.ts';
export {
  adamMoment1,
  adamMoment2,
  adamWeight,
  type DecayAttributes,
  HYPER_LENGTH,
  type Moment2Attributes,
} from './operators/adam.ts';
export { amax } from './operators/amax.ts';
export { attention } from './operators/attention.ts';
export { attentionCached, type CachedAttributes } from './operators/attention-cached.ts';
export { attentionGrad } from './operators/attention-grad.ts';
export type { AttentionAttributes } from './operators/attention-layout.ts';
export { type CastAttributes, cast } from './operators/cast.ts';
export { castStatistics, type StatisticsAttributes } from './operators/cast-statistics.ts';
export { channelCosine } from './operators/channel-cosine.ts';
export { type BlockAttributes, blockOf } from './operators/check.ts';
export { crossEntropy, crossEntropyGrad } from './operators/cross-entropy.ts';
export { dequantize, roundTo } from './operators/dequantize.ts';
export { add, multiply, type NoAttributes, subtract } from './operators/elementwise.ts';
export { embedding, embeddingGrad, sortTokens, type VocabularyAttributes } from './operators/embedding.ts';
export { gemm } from './operators/gemm.ts';
export { type GemmAttributes, type OperandView, operandsOf } from './operators/gemm-operands.ts';
export type { HeadAttributes } from './operators/heads.ts';
export { operators } from './operators/index.ts';
export { keepNonzero } from './operators/keep-nonzero.ts';
export { laneCounts } from './operators/lanes.ts';
export { lostUpdates } from './operators/lost-updates.ts';
export { type NormAttributes, rmsNorm, rmsNormGradGain, rmsNormGradInput } from './operators/rms-norm.ts';
export { type RopeAttributes, rope, ropeTables } from './operators/rope.ts';
export { scaleBy, scaleColumns, scaleRows } from './operators/scale.ts';
export { type ScaleAttributes, scaleFromAmax } from './operators/scale-from-amax.ts';
export { smoothScale, tokenAmax } from './operators/smooth.ts';
export { sum, sumColumns, sumSquares } from './operators/sums.ts';
export { type SwigluAttributes, swiglu, swigluGrad } from './operators/swiglu.ts';
export { createReferenceDevice } from './reference/index.ts';
export { createScope, type Scope } from './scope.ts';
export { checkDevice } from './self-check.ts';
export {
  type Block,
  elements,
  isQuantized,
  type MatrixOperand,
  matrixShape,
  type Quantized,
  type Shape,
  scaleShape,
  type Tensor,
} from './tensor.ts';
