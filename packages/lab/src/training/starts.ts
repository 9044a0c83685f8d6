/** @file Where a seed's runs begin: its base model, aged, or rescaled as in ageing with nothing planted. */
import { lazily, type Parts, seedJob } from '../engine/study.ts';
import { ageModel, rescaleModel } from './aged-model.ts';
import { plainBatch } from './batches.ts';
import { trainLoop, withTraining } from './loop.ts';
import { type BaseLaboratory, basePlan } from './plan.ts';
import { arraysOf, type Snapshot, snapshotOf, takeSnapshot, untrained } from './snapshot.ts';
import { startingWeights } from './weights.ts';

/** Each is made when the first unfinished part needs it, once. */
export function startsOf(lab: BaseLaboratory, parts: Parts, seed: number) {
  const { peak, rescale } = lab.settings;
  const trained = lazily((onShare: (share: number) => void) => storedBase(lab, parts, seed, onShare));
  const base = () => trained(() => {});
  return {
    base,
    /** At the settings' peak; `planted` says what and where. */
    aged: lazily(async () => ageModel(lab, await base(), seed, { peak, rescale, aligned: true })),
    rescaled: lazily(async () => rescaleModel(lab, await base())),
    /** The part that trains the base. */
    job: seedJob(seed, ['base'], async (onShare) => {
      await trained(onShare);
      return {};
    }),
  };
}

/** The base of a seed, from `parts` if it is there; else trained and put there. */
async function storedBase(
  { settings, device, bytes, signal }: BaseLaboratory,
  parts: Parts,
  seed: number,
  onShare: (share: number) => void,
): Promise<Snapshot> {
  const key = `seed-${seed}.base`;
  const stored = await parts.readArrays(key);
  if (stored) return snapshotOf(stored);
  const start = untrained(startingWeights(settings, seed));
  return withTraining(device, basePlan(settings, seed), start, async (training) => {
    await trainLoop(training, {
      batch: (step) => plainBatch(bytes, settings, seed, step),
      signal,
      onShare,
    });
    const trained = await takeSnapshot(training);
    await parts.writeArrays(key, arraysOf(trained));
    return trained;
  });
}
