/** @file Inputs of a layer's gate and up, gathered on the model that a snapshot holds. */
import { createScope, type Device } from '@octavo/kernels';
import { createLlama, forward, type LlamaConfig } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { type TokenBatch, uploadBatch } from '@octavo/trainer';
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
