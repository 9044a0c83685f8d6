/** @file Rows of the two statistics files, from what a step learned. */
import { STATISTICS } from '@octavo/nn';
import type { StepRow, TensorRow } from '@octavo/store';
import type { TrainEvent } from './events.ts';
import type { StepResult } from './step.ts';
import type { Training } from './training.ts';

/** One row per site, and one per layer for the alignment of gate and up. Empty on steps that are not sampled. */
export function tensorRows(training: Training, { step, gradients }: StepResult): TensorRow[] {
  const { statistics, cosines } = gradients;
  if (!statistics) return [];
  const sites = training.model.precision.sites.map((site): TensorRow => {
    const at = (i: number): number => statistics[site.index * STATISTICS + i]!;
    const [amax, clipped, underflowed, squares, fourths] = [at(0), at(1), at(2), at(4), at(5)];
    const [count, scale] = [at(7), at(8)];
    const { layer, name, operand } = site;
    return {
      step,
      layer,
      site: name,
      operand,
      format: site.format.name,
      amax,
      scale: scale || null, // 0: a scale per block
      overflows: clipped / count,
      underflows: underflowed / count,
      rms: Math.sqrt(squares / count),
      // Uncentred, E[x⁴] / E[x²]² (as in FOG, arXiv 2505.20524): 3 for a centred normal distribution.
      kurtosis: squares > 0 ? (fourths * count) / (squares * squares) : null,
    };
  });
  const pairs = (cosines ?? []).map((cosine, layer): TensorRow => {
    const magnitudes = cosine.map(Math.abs);
    return {
      step,
      layer,
      site: 'gateUp',
      operand: 'alignment',
      format: 'fp32',
      cosine_max: magnitudes.reduce((a, b) => Math.max(a, b), 0),
      cosine_mean: magnitudes.reduce((a, b) => a + b, 0) / magnitudes.length,
      cosine_above: magnitudes.filter((c) => c > 0.9).length,
    };
  });
  return [...sites, ...pairs];
}

/** The row of `steps.arrow`. */
export function stepRow({
  result,
  tokens,
  tokensPerSecond,
  stepTime,
  peakMemory,
}: TrainEvent & { kind: 'step' }): StepRow {
  const { step, loss, gradientNorm, updateRatio } = result;
  return {
    step,
    tokens,
    loss,
    learning_rate: result.learningRate,
    gradient_norm: gradientNorm,
    update_ratio: updateRatio,
    tokens_per_second: tokensPerSecond,
    step_time: stepTime,
    peak_memory: peakMemory,
  };
}
