/** @file One recipe's run from a checkpoint, on batches that are the same for all recipes of a seed. */
import { setImmediate } from 'node:timers/promises';
import { createScope } from '@octavo/kernels';
import { endStep, type Recipe } from '@octavo/nn';
import {
  computeGradients,
  freeGradients,
  type TokenBatch,
  type Training,
  tensorRows,
  trainStep,
} from '@octavo/trainer';
import { AFTER_BASE } from '../training/base.ts';
import { cleanBatch, spikeBatch } from '../training/batches.ts';
import { destroyTraining, type Snapshot, trainingFrom } from '../training/snapshot.ts';
import type { Laboratory } from './laboratory.ts';
import { runPlan } from './settings.ts';

/** What the cast of SwiGLU's output did at a step. */
export interface CastRow {
  readonly step: number;
  readonly layer: number;
  readonly amax: number;
  readonly overflows: number;
  readonly underflows: number;
}

export interface RecipeRun {
  readonly losses: readonly number[];
  readonly casts: readonly CastRow[];
  /** The step whose loss or gradient was not finite, and where it began; null for a run that went to its end. */
  readonly broke: { readonly step: number; readonly where: string } | null;
}

export interface RunOptions {
  readonly recipe: Recipe;
  readonly steps?: number;
  readonly learningRate?: number;
  /** Forward and backward passes without update before the run, so that no history is empty. */
  readonly warmup?: number;
  readonly onStep?: (step: number) => void;
}

/** The batch of step `step` (the first is 0): a spike at every `spikeEvery`-th. */
export const timedBatch = ({ settings, bytes, rare }: Laboratory, seed: number, step: number): TokenBatch =>
  ((step + 1) % settings.spikeEvery === 0 ? spikeBatch : cleanBatch)(
    bytes,
    settings,
    rare,
    seed,
    AFTER_BASE + step,
  );

export async function trainRecipe(
  lab: Laboratory,
  snapshot: Snapshot,
  seed: number,
  options: RunOptions,
): Promise<RecipeRun> {
  const { settings, device, bytes, rare, signal } = lab;
  const plan = runPlan(settings, seed, options.recipe, options);
  const training = trainingFrom(device, plan, snapshot);
  const losses: number[] = [];
  const casts: CastRow[] = [];
  try {
    for (let i = 0; i < (options.warmup ?? 0); i++)
      await observeOnly(training, cleanBatch(bytes, settings, rare, seed, AFTER_BASE - 1 - i));
    while (training.step < plan.steps) {
      signal?.throwIfAborted();
      const result = await trainStep(training, [timedBatch(lab, seed, training.step)]);
      losses.push(result.loss);
      for (const row of tensorRows(training, result)) {
        if (row.site !== 'down' || row.operand !== 'input') continue;
        const { step, layer, amax, overflows, underflows } = row;
        casts.push({ step, layer: layer!, amax: amax!, overflows: overflows!, underflows: underflows! });
      }
      options.onStep?.(training.step);
      if (result.nonFinite)
        return { losses, casts, broke: { step: result.step, where: result.nonFinite.where } };
      await setImmediate();
    }
    return { losses, casts, broke: null };
  } finally {
    destroyTraining(training);
  }
}

/** A forward and a backward pass that the scaling states see, and nothing else. */
async function observeOnly(training: Training, batch: TokenBatch): Promise<void> {
  const scope = createScope(training.device);
  try {
    const { amaxes } = await computeGradients(training, [batch], scope, false);
    endStep(training.model.precision, amaxes);
  } finally {
    freeGradients(training);
    scope.release();
  }
}
