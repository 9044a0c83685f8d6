/** @file Rows of the statistics files, from what a step learned. */
import { type EvaluationRow, evaluated, type StepRow, type TensorRow } from '@octavo/store';
import { pointOf, siteStatistics } from './places.ts';
import { tokensPerStep } from './plan.ts';
import type { StepResult } from './step.ts';
import type { Training } from './training.ts';

/** The operand of rows that compare a layer's gate and up weights. */
const ALIGNMENT = 'gate-up-alignment';

/** The operand of rows about the optimizer's master weights. */
const MASTER = 'master';

/**
 * One row per site, one per layer for the alignment of gate and up, and, where there was an update, one per matrix for what
 * its master weights lost of it. Empty on steps that are not sampled.
 */
export function tensorRows(
  training: Training,
  {
    step,
    gradients,
    lostUpdates = [],
  }: Pick<StepResult, 'step' | 'gradients'> & Partial<Pick<StepResult, 'lostUpdates'>>,
): TensorRow[] {
  const { statistics, cosines } = gradients;
  if (!statistics) return [];
  const sites = training.model.precision.sites.map((site): TensorRow => {
    const { nonFinite: non_finite, ...measured } = siteStatistics(statistics, site);
    const { layer, name, operand } = site;
    return { step, layer, site: name, operand, format: site.format.name, ...measured, non_finite };
  });
  const pairs = (cosines ?? []).map((cosine, layer): TensorRow => {
    const magnitudes = cosine.map(Math.abs);
    return {
      step,
      layer,
      site: 'gateUp',
      operand: ALIGNMENT,
      abs_cosine_max: magnitudes.reduce((a, b) => Math.max(a, b), 0),
      abs_cosine_mean: magnitudes.reduce((a, b) => a + b, 0) / magnitudes.length,
      abs_cosine_above: magnitudes.filter((c) => c > 0.9).length,
    };
  });
  return [...sites, ...pairs, ...masterRows(training, step, lostUpdates)];
}

function masterRows(
  { model, optimizer }: Training,
  step: number,
  lostUpdates: StepResult['lostUpdates'],
): TensorRow[] {
  return lostUpdates.flatMap((lost_updates, i): TensorRow[] => {
    if (lost_updates === null) return [];
    const { layer, name: site } = pointOf(model.parameters[i]!.name, MASTER);
    const format = optimizer[i]!.formats.master.name;
    return [{ step, ...(layer !== null && { layer }), site, operand: MASTER, format, lost_updates }];
  });
}

/** The row of `steps.arrow` for a step; `seconds` is how long it took. */
export function stepRow({ plan, device, tokens }: Training, result: StepResult, seconds: number): StepRow {
  return {
    step: result.step,
    loss: result.loss,
    learning_rate: result.learningRate,
    gradient_norm: result.gradientNorm,
    update_ratio: result.updateRatio,
    tokens,
    tokens_per_second: tokensPerStep(plan) / seconds,
    step_time: seconds,
    peak_memory: device.memory().peak,
  };
}

/** A row of `evaluations.arrow`, of a loss in nats per token, a token being so many bytes on average. */
export const evaluationRow = (
  step: number,
  loss: number,
  bytesPerToken: number,
  of: string = evaluated.model,
): EvaluationRow => ({ step, of, loss, bits_per_byte: loss / (bytesPerToken * Math.LN2) });
