/** @file Numbers and batches of tokens, brought to the device for as long as a scope lives; many numbers of it in one read. */
import { FP32 } from '@octavo/formats';
import { type Device, elements, type Scope, sortTokens, type Tensor } from '@octavo/kernels';
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

/** The values of FP32 tensors in one read; by name, those of a name one tensor after the other. */
export async function gather<Name extends string>(
  device: Device,
  parts: Readonly<Record<Name, readonly Tensor[]>>,
): Promise<Readonly<Record<Name, Float32Array>>> {
  const lengthOf = (tensors: readonly Tensor[]) => tensors.reduce((n, { shape }) => n + elements(shape), 0);
  const entries = Object.entries<readonly Tensor[]>(parts);
  const board = device.alloc([entries.reduce((n, [, tensors]) => n + lengthOf(tensors), 0)], FP32);
  let to = 0;
  for (const tensor of entries.flatMap(([, tensors]) => tensors)) {
    device.copy(board, tensor, { to });
    to += elements(tensor.shape);
  }
  const values = await device.read(board);
  device.free(board);
  let from = 0;
  const spans = entries.map(([name, tensors]) => {
    const start = from;
    from += lengthOf(tensors);
    return [name, values.subarray(start, from)];
  });
  return Object.fromEntries(spans) as Record<Name, Float32Array>;
}
