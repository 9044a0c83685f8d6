/** @file The loss on text that is not trained on. */
import { FP32 } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import { writeScales } from '@octavo/nn';
import type { TokenBatch } from './gradients.ts';

/** Σ −log p over the tokens whose target is not negative, and how many they are. Changes no state. */
export async function batchLoss(
  model: Llama,
  batch: TokenBatch,
  sequence: number,
): Promise<{ sum: number; tokens: number }> {
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
    return { sum: sum!, tokens: Array.from(batch.targets).filter((t) => t >= 0).length };
  } finally {
    scope.release();
  }
}

/** Mean loss in nats per token over batches of `sequence`-long windows. */
export async function heldOutLoss(
  model: Llama,
  batches: Iterable<TokenBatch>,
  sequence: number,
): Promise<{ loss: number; tokens: number }> {
  let sum = 0;
  let tokens = 0;
  for (const batch of batches) {
    const part = await batchLoss(model, batch, sequence);
    sum += part.sum;
    tokens += part.tokens;
  }
  return { loss: sum / Math.max(1, tokens), tokens };
}
