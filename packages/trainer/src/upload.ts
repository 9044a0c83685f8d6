/** @file Numbers and batches of tokens, brought to the device for as long as a scope lives. */
import { FP32 } from '@octavo/formats';
import { type Device, type Scope, sortTokens, type Tensor } from '@octavo/kernels';
import type { Batch, Llama } from '@octavo/llama';

/** Token ids and their successors, `batch · sequence` each; a negative target counts for nothing. */
export interface TokenBatch {
  readonly tokens: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
}

/** Targets that count. */
export const countTargets = (targets: ArrayLike<number>): number =>
  Array.from(targets).filter((target) => target >= 0).length;

/** An FP32 vector. */
export function upload(device: Device, scope: Scope, values: ArrayLike<number>): Tensor {
  const tensor = scope.alloc([values.length], FP32);
  device.write(tensor, values);
  return tensor;
}

/** A batch of `sequence`-long rows as the model takes it; for a backward pass, with the tokens in sorted order. */
export function uploadBatch(
  { device, config }: Pick<Llama, 'device' | 'config'>,
  scope: Scope,
  { tokens }: TokenBatch,
  options: { sequence: number; backward: boolean },
): Batch {
  const { sequence, backward } = options;
  const positions = Float32Array.from({ length: tokens.length }, (_, i) => i % sequence);
  const batch = {
    batch: tokens.length / sequence,
    sequence,
    tokens: upload(device, scope, tokens),
    positions: upload(device, scope, positions),
  };
  if (!backward) return batch;
  const { order, starts } = sortTokens(tokens, config.vocabularySize);
  return { ...batch, order: upload(device, scope, order), starts: upload(device, scope, starts) };
}
