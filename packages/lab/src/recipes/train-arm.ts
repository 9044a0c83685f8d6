/** @file One arm of one seed: trained from scratch on the seed's batches, then measured on held-out text. */
import { setImmediate } from 'node:timers/promises';
import { windows } from '@octavo/data';
import type { Device } from '@octavo/kernels';
import { initialValues, parameterSpecs } from '@octavo/llama';
import { heldOutLoss, type Training, trainStep } from '@octavo/trainer';
import { plainBatch } from '../training/batches.ts';
import { nudge } from '../training/nudge.ts';
import { destroyTraining, takeSnapshot, trainingFrom, untrained } from '../training/snapshot.ts';
import { type LastWords, lastWords, type Passage } from './last-word.ts';
import { type Arm, type RecipesSettings, recipePlan } from './settings.ts';

/** What all arms share. */
export interface Laboratory {
  readonly settings: RecipesSettings;
  readonly device: Device;
  readonly train: Uint8Array;
  readonly heldOut: Uint8Array;
  readonly passages: readonly Passage[];
  readonly signal?: AbortSignal | undefined;
}

export interface ArmRun {
  readonly losses: readonly number[];
  /** The first step whose loss or gradient was not finite, and where; null for a run without one. */
  readonly broke: { readonly step: number; readonly where: string } | null;
  /** Mean loss of the held-out windows, nats per byte. */
  readonly heldOut: number;
  readonly lastWords: LastWords;
  /** Numbers among the master weights and both moments that are not finite. */
  readonly notFinite: number;
}

export async function trainArm(
  lab: Laboratory,
  seed: number,
  arm: Arm,
  onStep: (step: number) => void,
): Promise<ArmRun> {
  const { settings, device, train, signal } = lab;
  const plan = recipePlan(settings, seed, arm.recipe);
  const weights = startingWeights(settings, seed, arm.nudged);
  const training = trainingFrom(device, plan, untrained(weights));
  const losses: number[] = [];
  let broke: ArmRun['broke'] = null;
  try {
    while (training.step < plan.steps) {
      signal?.throwIfAborted();
      const result = await trainStep(training, [plainBatch(train, settings, seed, training.step)]);
      losses.push(result.loss);
      if (result.nonFinite) broke ??= { step: result.step, where: result.nonFinite.where };
      onStep(training.step);
      await setImmediate();
    }
    return { losses, broke, ...(await measure(lab, training)) };
  } finally {
    destroyTraining(training);
  }
}

async function measure(lab: Laboratory, training: Training): Promise<Omit<ArmRun, 'losses' | 'broke'>> {
  const { settings, heldOut, passages, signal } = lab;
  const { batch, sequence } = settings;
  const held = windows(Uint16Array.from(heldOut), { sequence, batch, limit: settings.windows });
  const { loss } = await heldOutLoss(training.model, held, sequence);
  const words = await lastWords(training.model, passages, { batch, signal });
  const { weights, moment1, moment2 } = await takeSnapshot(training);
  const arrays = [weights, moment1, moment2].flatMap((map) => [...map.values()]);
  const notFinite = arrays.reduce((n, values) => n + values.filter((v) => !Number.isFinite(v)).length, 0);
  return { heldOut: loss, lastWords: words, notFinite };
}

/** The model's own starting values; nudged, each is multiplied by 1 ± about 2⁻⁹. */
export function startingWeights(
  { model }: RecipesSettings,
  seed: number,
  nudged: boolean,
): Map<string, Float32Array> {
  return new Map(
    parameterSpecs(model).map((spec, i) => {
      const values = initialValues(spec, i, seed);
      return [spec.name, nudged ? nudge(values, seed * 64 + i) : values];
    }),
  );
}
