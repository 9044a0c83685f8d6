/** @file The dose-response without training: forward passes only, so that each dose takes seconds. */
import { setImmediate } from 'node:timers/promises';
import { createScope, type Device } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import { beginStep, endStep, type Recipe } from '@octavo/nn';
import { type TokenBatch, uploadBatch } from '@octavo/trainer';
import { AFTER_BASE, cleanBatch, spikeBatch } from '../training/batches.ts';
import type { AgedLaboratory } from '../training/laboratory.ts';
import { withTraining } from '../training/loop.ts';
import { runPlan } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';

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
