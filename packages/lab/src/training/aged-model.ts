/** @file A base model aged: one channel of each layer planted, layer after layer, by the inputs gathered there; and its control. */
import { setImmediate } from 'node:timers/promises';
import { createScope, type Device } from '@octavo/kernels';
import { createLlama, forward, type LlamaConfig } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { type TokenBatch, uploadBatch } from '@octavo/trainer';
import { ageLayer, type PlantedChannel, rescaleChannels } from './ageing.ts';
import { cleanBatch, rareBatch } from './batches.ts';
import type { BaseLaboratory } from './plan.ts';
import { destroyModel, type Snapshot } from './snapshot.ts';

/** Rows `[n, D]` of a layer's feed-forward input, of the tokens that `wanted` takes. */
export async function gatherInputs(
  device: Device,
  config: LlamaConfig,
  { weights }: Snapshot,
  layer: number,
  batches: readonly TokenBatch[],
  options: { sequence: number; wanted: (token: number) => boolean },
): Promise<Float32Array> {
  const { sequence, wanted } = options;
  const precision = createPrecision(device, recipeOf('bf16'));
  const model = createLlama(config, precision, { values: (name) => weights.get(name) });
  const rows: Float32Array[] = [];
  for (const batch of batches) {
    const scope = createScope(device);
    const context = { device, scope, tape: null, precision };
    const kept: Promise<Float32Array>[] = [];
    precision.onOperand = (site, x) => {
      if (site.layer === layer && site.name === 'gateUp' && site.operand === 'input')
        kept.push(device.read(x));
    };
    const input = uploadBatch(model, scope, batch, { sequence, backward: false });
    forward(model, context, input);
    const values = await kept[0]!;
    scope.release();
    for (let i = 0; i < batch.tokens.length; i++)
      if (wanted(batch.tokens[i]!))
        rows.push(values.slice(i * config.hiddenSize, (i + 1) * config.hiddenSize));
  }
  destroyModel(model);
  const all = new Float32Array(rows.length * config.hiddenSize);
  for (const [i, row] of rows.entries()) all.set(row, i * config.hiddenSize);
  return all;
}

/** Batches from here on are for gathering. */
const GATHERING = 1 << 21;

/** Ages layer after layer, gathering the inputs anew for each. */
export async function ageModel(
  lab: BaseLaboratory,
  base: Snapshot,
  seed: number,
  options: { peak: number; rescale: number; aligned: boolean },
) {
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
