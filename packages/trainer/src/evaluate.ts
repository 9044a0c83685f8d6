/** @file The loss on text that is not trained on. */
import { evaluateLoss, type WindowLoss } from '@octavo/evals';
import { FP32 } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import { writeScales } from '@octavo/nn';
import { countTargets, type TokenBatch } from './gradients.ts';

/** Mean of −log p over the targets that are not negative, and how many they are. Changes no state. */
export async function batchLoss(model: Llama, batch: TokenBatch, sequence: number): Promise<WindowLoss> {
  const { device, precision } = model;
  const scope = createScope(device);
  try {
    const to = (values: ArrayLike<number>) => {
      const tensor = scope.alloc([values.length], FP32);
      device.write(tensor, values);
      return tensor;
    };
    const positions = Float32Array.from({ length: batch.tokens.length }, (_, i) => i % sequence);
    const input = {
      batch: batch.tokens.length / sequence,
      sequence,
      tokens: to(batch.tokens),
      positions: to(positions),
    };
    writeScales(precision);
    const context = { device, scope, tape: null, precision };
    const loss = lossOf(model, context, input, to(batch.targets), to([1]));
    const [sum] = await device.read(loss);
    const tokens = countTargets(batch.targets);
    return { loss: sum! / Math.max(1, tokens), tokens };
  } finally {
    scope.release();
  }
}

/** Mean loss in nats per token over batches of `sequence`-long windows. */
export const heldOutLoss = (
  model: Llama,
  batches: AsyncIterable<TokenBatch> | Iterable<TokenBatch>,
  sequence: number,
): Promise<WindowLoss> => evaluateLoss(batches, (batch) => batchLoss(model, batch, sequence));
