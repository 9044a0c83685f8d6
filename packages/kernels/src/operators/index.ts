/** @file All operators, by name: what devices must compute and tests walk. */
import type { Operator } from '../operator.ts';
import { adamMoment1, adamMoment2, adamWeight } from './adam.ts';
import { amax } from './amax.ts';
import { attention } from './attention.ts';
import { attentionCached } from './attention-cached.ts';
import { attentionGrad } from './attention-grad.ts';
import { cast } from './cast.ts';
import { castStatistics } from './cast-statistics.ts';
import { channelCosine } from './channel-cosine.ts';
import { crossEntropy, crossEntropyGrad } from './cross-entropy.ts';
import { dequantize } from './dequantize.ts';
import { add, multiply, subtract } from './elementwise.ts';
import { embedding, embeddingGrad } from './embedding.ts';
import { gemm } from './gemm.ts';
import { keepNonzero } from './keep-nonzero.ts';
import { lostUpdates } from './lost-updates.ts';
import { rmsNorm, rmsNormGradGain, rmsNormGradInput } from './rms-norm.ts';
import { rope } from './rope.ts';
import { scaleBy, scaleColumns, scaleRows } from './scale.ts';
import { scaleFromAmax } from './scale-from-amax.ts';
import { smoothScale, tokenAmax } from './smooth.ts';
import { sum, sumColumns, sumSquares } from './sums.ts';
import { swiglu, swigluGrad } from './swiglu.ts';

const all: readonly Operator[] = [
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
  scaleColumns,
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
  keepNonzero,
  lostUpdates,
  sum,
  sumSquares,
  sumColumns,
  channelCosine,
];

/** Every operator by its name. */
export const operators: Readonly<Record<string, Operator>> = Object.freeze(
  Object.fromEntries(all.map((operator) => [operator.name, operator])),
);
