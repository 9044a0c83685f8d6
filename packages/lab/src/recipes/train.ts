/** @file One arm of one seed: trained from scratch on the seed's batches, then measured on held-out text. */
import { windows } from '@octavo/data';
import { initialValues, parameterSpecs } from '@octavo/llama';
import { heldOutLoss, type Training } from '@octavo/trainer';
import { plainBatch } from '../training/batches.ts';
import { type Losses, trainLoop, withTraining } from '../training/loop.ts';
import type { Laboratory } from '../training/plan.ts';
import { takeSnapshot, untrained } from '../training/snapshot.ts';
import { nudgeAll } from '../training/weights.ts';
import { type LastWords, lastWords, type Passage } from './last-word.ts';
import { type Arm, type RecipesSettings, recipePlan } from './settings.ts';

/** What all arms share. */
export interface RecipesLaboratory extends Laboratory<RecipesSettings> {
  readonly heldOut: Uint8Array;
  readonly passages: readonly Passage[];
}

/** The run goes on after a step with a value that is not finite. */
export interface ArmRun extends Losses {
  /** Mean loss of the held-out windows, nats per byte. */
  readonly heldOut: number;
  readonly lastWords: LastWords;
  /** Numbers among the master weights and both moments that are not finite. */
  readonly notFinite: number;
}

export function trainArm(
  lab: RecipesLaboratory,
  seed: number,
  { recipe, nudged }: Arm,
  onShare: (share: number) => void,
): Promise<ArmRun> {
  const { settings, device, bytes, signal } = lab;
  const plan = recipePlan(settings, seed, recipe);
  const weights = startingWeights(settings, seed);
  const start = untrained(nudged ? nudgeAll(weights, seed) : weights);
  return withTraining(device, plan, start, async (training) => {
    const { losses, broke } = await trainLoop(training, {
      batch: (step) => plainBatch(bytes, settings, seed, step),
      signal,
      onStep: ({ step }) => onShare(step / (plan.steps + 1)),
    });
    return { losses, broke, ...(await measure(lab, training)) };
  });
}

async function measure(lab: RecipesLaboratory, training: Training): Promise<Omit<ArmRun, keyof Losses>> {
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

/** The model's own starting values. */
const startingWeights = ({ model }: RecipesSettings, seed: number): Map<string, Float32Array> =>
  new Map(parameterSpecs(model).map((spec, i) => [spec.name, initialValues(spec, i, seed)]));
