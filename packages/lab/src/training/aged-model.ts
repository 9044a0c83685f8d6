/** @file A base model aged: one channel of each layer planted, layer after layer; and its control. */
import { setImmediate } from 'node:timers/promises';
import { ageLayer, type PlantedChannel, rescaleChannels } from './ageing.ts';
import { cleanBatch, rareBatch } from './batches.ts';
import { gatherInputs } from './gather.ts';
import type { BaseLaboratory } from './laboratory.ts';
import type { Snapshot } from './snapshot.ts';

/** Batches from here on are for gathering. */
const GATHERING = 1 << 21;

export interface Aged {
  readonly snapshot: Snapshot;
  readonly planted: readonly PlantedChannel[];
}

/** Ages layer after layer, gathering the inputs anew for each. */
export async function ageModel(
  lab: BaseLaboratory,
  base: Snapshot,
  seed: number,
  options: { peak: number; rescale: number; aligned: boolean },
): Promise<Aged> {
  const { settings, device, rare } = lab;
  const { model, sequence } = settings;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => GATHERING + i);
  const ordinary = numbers(2).map((i) => cleanBatch(lab, seed, i));
  const withRare = numbers(4).map((i) => rareBatch(lab, seed, i));
  let snapshot = base;
  const planted: PlantedChannel[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const gather = (batches: typeof ordinary, wanted: (token: number) => boolean) =>
      gatherInputs(device, model, snapshot, layer, batches, { sequence, wanted });
    const inputs = {
      ordinary: await gather(ordinary, () => true),
      rare: await gather(withRare, (token) => token === rare.byte),
    };
    const aged = ageLayer(snapshot, layer, inputs, { ...options, seed });
    snapshot = aged.snapshot;
    planted.push(aged.planted);
    await setImmediate();
  }
  return { snapshot, planted };
}

/** The control that is rescaled as the aged one is, but has nothing planted. */
export function rescaleModel({ settings }: BaseLaboratory, base: Snapshot): Snapshot {
  let snapshot = base;
  for (let layer = 0; layer < settings.model.layers; layer++)
    snapshot = rescaleChannels(snapshot, layer, settings.rescale);
  return snapshot;
}
