/** @file The loss on text that is not trained on. */
import { setImmediate } from 'node:timers/promises';
import { evaluateLoss, type WindowLoss } from '@octavo/evals';
import { OctavoError } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import { type Communicator, soloCommunicator } from '@octavo/mpi';
import { writeScales } from '@octavo/nn';
import { countTargets, type TokenBatch, upload, uploadBatch } from './transfer.ts';

/** Mean of −log p over the targets that are not negative, and how many they are. Changes no state. */
export async function batchLoss(model: Llama, batch: TokenBatch, sequence: number): Promise<WindowLoss> {
  const { device, precision } = model;
  const scope = createScope(device);
  try {
    writeScales(precision);
    const context = { device, scope, tape: null, precision };
    const input = uploadBatch(model, scope, batch, { sequence, backward: false });
    const [targets, one] = [batch.targets, [1]].map((values) => upload(device, scope, values));
    const loss = lossOf(model, context, input, targets!, one!);
    const [sum] = await device.read(loss);
    const tokens = countTargets(batch.targets);
    return { loss: sum! / Math.max(1, tokens), tokens };
  } finally {
    scope.release();
  }
}

/**
 * Mean loss in nats per token over batches of `sequence`-long windows, which the ranks of a `group` share. Throws (exit code 0)
 * once `signal` is aborted, on all ranks.
 */
export async function heldOutLoss(
  model: Llama,
  text: AsyncIterable<TokenBatch> | Iterable<TokenBatch>,
  sequence: number,
  signal?: AbortSignal,
  group: Communicator = soloCommunicator(),
): Promise<WindowLoss> {
  const { rank, size } = group;
  const batches: TokenBatch[] = [];
  for await (const batch of text) batches.push(batch);
  const losses = new Float64Array(batches.length);
  const aborted = new Int32Array(1);
  for (const [i, batch] of batches.entries()) {
    if (i % size !== rank) continue;
    await setImmediate(); // host devices compute on this thread: without a turn no interrupt is heard
    if (signal?.aborted) aborted[0] = 1;
    if (aborted[0]) break;
    losses[i] = (await batchLoss(model, batch, sequence)).loss;
  }
  await group.allReduce(aborted, 'max');
  if (aborted[0])
    throw new OctavoError('[trainer] interrupted: the held-out text was not read to its end', {
      exitCode: 0,
    });
  const all = new Float64Array(batches.length * size);
  await group.allGather(new Uint8Array(losses.buffer), new Uint8Array(all.buffer));
  return evaluateLoss(batches.keys(), (i) => ({
    loss: all[(i % size) * batches.length + i]!,
    tokens: countTargets(batches[i]!.targets),
  }));
}
