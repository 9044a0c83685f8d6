/** @file One recipe from a checkpoint, on batches that are the same for all recipes of a seed: a run, or forward passes only. */
import { setImmediate } from 'node:timers/promises';
import { createScope, type Device } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import { beginStep, endStep, type Recipe } from '@octavo/nn';
import {
  computeGradients,
  freeGradients,
  type TokenBatch,
  type Training,
  tensorRows,
  uploadBatch,
} from '@octavo/trainer';
import { AFTER_BASE, cleanBatch, spikeBatch, timedBatch } from '../training/batches.ts';
import { type Losses, trainLoop, withTraining } from '../training/loop.ts';
import { type AgedLaboratory, runPlan } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';

/** What the cast of SwiGLU's output did at a step. */
type CastRow = Readonly<Record<'step' | 'layer' | 'amax' | 'overflows' | 'underflows', number>>;

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

const WARMUP = 16;
const DOSE_BATCHES = 2 ** 19;

/** Losses of `spikeEvery` batches, the first with the rare byte, after 16 of warm-up without it. */
export function forwardLosses(
  lab: AgedLaboratory,
  snapshot: Snapshot,
  seed: number,
  recipe: Recipe,
): Promise<number[]> {
  const { settings, device, signal } = lab;
  return withTraining(device, runPlan(settings, seed, recipe), snapshot, async ({ model }) => {
    const losses: number[] = [];
    for (let i = 0; i < WARMUP + settings.spikeEvery; i++) {
      signal?.throwIfAborted();
      const make = i === WARMUP ? spikeBatch : cleanBatch;
      const batch = make(lab, seed, AFTER_BASE + DOSE_BATCHES + i);
      const loss = await observedLoss(device, model, batch, { ...settings, step: i, seed });
      if (i >= WARMUP) losses.push(loss);
      await setImmediate();
    }
    return losses;
  });
}

/** Mean loss of a batch; the scaling states see its maxima. */
async function observedLoss(
  device: Device,
  model: Llama,
  batch: TokenBatch,
  { sequence, step, seed }: { sequence: number; step: number; seed: number },
): Promise<number> {
  const { precision } = model;
  const scope = createScope(device);
  try {
    const recording = beginStep(precision, scope, { step, seed, microBatches: 1, sample: false });
    const context = { device, scope, tape: null, precision };
    const targets = scope.alloc([batch.targets.length], model.norm.value.format);
    const weight = scope.alloc([1], model.norm.value.format);
    device.write(targets, batch.targets);
    device.write(weight, [1]);
    const input = uploadBatch(model, scope, batch, { sequence, backward: false });
    const [sum] = await device.read(lossOf(model, context, input, targets, weight));
    endStep(precision, await device.read(recording.amaxes));
    return sum! / batch.targets.length;
  } finally {
    precision.recording = null;
    scope.release();
  }
}
