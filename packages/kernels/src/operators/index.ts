/** @file All operators, by name: what devices must compute and tests walk. Whatever operators these files export. */
import type { Operator } from '../operator.ts';
import * as adam from './adam.ts';
import * as amax from './amax.ts';
import * as attention from './attention.ts';
import * as attentionCached from './attention-cached.ts';
import * as attentionGrad from './attention-grad.ts';
import * as cast from './cast.ts';
import * as castStatistics from './cast-statistics.ts';
import * as channelCosine from './channel-cosine.ts';
import * as crossEntropy from './cross-entropy.ts';
import * as dequantize from './dequantize.ts';
import * as elementwise from './elementwise.ts';
import * as embedding from './embedding.ts';
import * as gemm from './gemm.ts';
import * as keepNonzero from './keep-nonzero.ts';
import * as lostUpdates from './lost-updates.ts';
import * as rmsNorm from './rms-norm.ts';
import * as rope from './rope.ts';
import * as scale from './scale.ts';
import * as scaleFromAmax from './scale-from-amax.ts';
import * as smooth from './smooth.ts';
import * as sums from './sums.ts';
import * as swiglu from './swiglu.ts';

const files: readonly object[] = [
  ...[cast, dequantize, amax, scaleFromAmax, castStatistics, gemm, embedding, elementwise, scale],
  ...[rmsNorm, rope, attention, attentionGrad, attentionCached, swiglu, smooth, crossEntropy],
  ...[adam, keepNonzero, lostUpdates, sums, channelCosine],
];

const isOperator = (value: unknown): value is Operator =>
  typeof value === 'object' && value !== null && 'passes' in value;

/** Every operator by its name. */
export const operators: Readonly<Record<string, Operator>> = Object.freeze(
  Object.fromEntries(
    files
      .flatMap((file) => Object.values(file).filter(isOperator))
      .map((operator) => [operator.name, operator]),
  ),
);
