/** @file Every launch by the name of its operator. */
import { attention, attentionCached, attentionGrad } from './attention.ts';
import {
  amax,
  cast,
  castStatistics,
  castWithStatistics,
  dequantize,
  quantizeCurrent,
  quantizeScaled,
  scaleFromAmax,
} from './casts.ts';
import {
  adamMoment1,
  adamMoment2,
  adamWeight,
  adamw,
  add,
  multiply,
  scaleBy,
  scaleRows,
  subtract,
  sum,
  sumSquares,
} from './elementwise.ts';
import { gemm } from './gemm.ts';
import type { FusedLaunch, Launch } from './launch.ts';
import {
  channelCosine,
  crossEntropy,
  crossEntropyGrad,
  crossEntropyWithGrad,
  embedding,
  embeddingGrad,
  rmsNorm,
  rmsNormGradGain,
  rmsNormGradInput,
  rope,
  smoothScale,
  sumColumns,
  swiglu,
  swigluGrad,
  tokenAmax,
} from './rows.ts';

/** The operators that have kernels here; others run by their plain reference. */
export const launches = {
  cast,
  dequantize,
  amax,
  scaleFromAmax,
  castStatistics,
  gemm,
  embedding,
  embeddingGrad,
  add,
  subtract,
  multiply,
  scaleRows,
  scaleBy,
  rmsNorm,
  rmsNormGradInput,
  rmsNormGradGain,
  rope,
  attention,
  attentionGrad,
  attentionCached,
  swiglu,
  swigluGrad,
  tokenAmax,
  smoothScale,
  crossEntropy,
  crossEntropyGrad,
  adamMoment1,
  adamMoment2,
  adamWeight,
  sum,
  sumSquares,
  sumColumns,
  channelCosine,
} as unknown as Readonly<Record<string, Launch>>;

export const fusedLaunches = {
  quantizeCurrent,
  quantizeScaled,
  castWithStatistics,
  crossEntropyWithGrad,
  adamw,
} as unknown as Readonly<Record<string, FusedLaunch>>;
