/** @file All fused operators, by name. */
import type { FusedOperator } from '../operator.ts';
import { adamw } from './adamw.ts';
import { attentionCachedScaled } from './attention-cached-scaled.ts';
import { castWithStatistics } from './cast-with-statistics.ts';
import { countLost } from './count-lost.ts';
import { crossEntropyWithGrad } from './cross-entropy-with-grad.ts';
import { quantizeCurrent, quantizeScaled } from './quantize.ts';

const all: readonly FusedOperator[] = [
  quantizeCurrent,
  quantizeScaled,
  castWithStatistics,
  crossEntropyWithGrad,
  adamw,
  countLost,
  attentionCachedScaled,
];

/** Every fused operator by its name. */
export const fusedOperators: Readonly<Record<string, FusedOperator>> = Object.freeze(
  Object.fromEntries(all.map((operator) => [operator.name, operator])),
);
