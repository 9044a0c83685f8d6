/** @file One recipe's run from a checkpoint, on batches that are the same for all recipes of a seed. */
import { createScope } from '@octavo/kernels';
import { endStep, type Recipe } from '@octavo/nn';
import { computeGradients, freeGradients, type TokenBatch, type Training, tensorRows } from '@octavo/trainer';
import { AFTER_BASE, cleanBatch, timedBatch } from '../training/batches.ts';
import type { AgedLaboratory } from '../training/laboratory.ts';
import { type Losses, trainLoop, withTraining } from '../training/loop.ts';
import { runPlan } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';

/** What the cast of SwiGLU's output did at a step. */
export interface CastRow {
  readonly step: number;
  readonly layer: number;
  readonly amax: number;
  readonly overflows: number;
  readonly underflows: number;
}

/** It ends with the step that broke, if one did. */
export interface RecipeRun extends Losses {
  readonly casts: readonly CastRow[];
}

export interface RunOptions {
  readonly recipe: Recipe;
  readonly steps?: number;
  readonly learningRate?: number;
  /** Forward and backward passes without update before the run, so that no history is empty. */
  readonly warmup?: number;
  readonly onShare?: (share: number) => void;
}

export function trainRecipe(
  lab: AgedLaboratory,
  start: Snapshot,
  seed: number,
  { recipe, warmup = 0, onShare, ...changes }: RunOptions,
): Promise<RecipeRun> {
  const { settings, device, signal } = lab;
  const casts: CastRow[] = [];
  return withTraining(device, runPlan(settings, seed, recipe, changes), start, async (training) => {
    for (let i = 0; i < warmup; i++) await observeOnly(training, cleanBatch(lab, seed, AFTER_BASE - 1 - i));
    const { losses, broke } = await trainLoop(training, {
      batch: (step) => timedBatch(lab, seed, step),
      signal,
      onShare,
      endsBroken: true,
      onStep(result) {
        for (const row of tensorRows(training, result)) {
          if (row.site !== 'down' || row.operand !== 'input') continue;
          const { step, layer, amax, overflows, underflows } = row;
          casts.push({ step, layer: layer!, amax: amax!, overflows: overflows!, underflows: underflows! });
        }
      },
    });
    return { losses, casts, broke };
  });
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
