/** @file Forward and backward over a step's micro-batches; what the host learns of it comes back in one read. */
import { FP32 } from '@octavo/formats';
import { channelCosine, createScope, elements, type Scope, sumSquares, type Tensor } from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import {
  apply,
  beginMicroBatch,
  beginStep,
  type Context,
  createTape,
  observe,
  type Parameter,
  type Point,
  type Precision,
  type Seen,
  type Site,
  STATISTICS_LENGTH,
  slotOf,
} from '@octavo/nn';
import { pointOf } from './point.ts';
import type { Training } from './training.ts';
import { countTargets, type TokenBatch, upload, uploadBatch } from './upload.ts';

/** The largest magnitude of a tensor: infinity or NaN where it holds one. */
export interface Sighting {
  readonly of: Point;
  readonly microBatch: number;
  readonly amax: number;
}

/** What one forward and backward pass tells the host. */
export interface Gradients {
  /** Mean negative log-likelihood per token, nats. */
  readonly loss: number;
  /** Sum of squares of each parameter's gradient. */
  readonly squares: Float32Array;
  /** Maxima of every site for every micro-batch. */
  readonly amaxes: Float32Array;
  /** Every tensor that was looked at, in the order of computation. */
  readonly seen: readonly Sighting[];
  /** Statistics of every site, 8 each, on sampled steps. */
  readonly statistics: Float32Array | null;
  /** Cosine of gate and up per channel, per layer, on sampled steps. */
  readonly cosines: readonly Float32Array[] | null;
}

/** Leaves the gradients of the mean loss in the parameters' `grad`, until `freeGradients`. */
export async function computeGradients(
  training: Training,
  batches: readonly TokenBatch[],
  scope: Scope,
  sample: boolean,
): Promise<Gradients> {
  const { device, model, plan } = training;
  const { precision, parameters } = model;
  freeGradients(training);
  const recording = beginStep(precision, scope, {
    step: training.step,
    seed: plan.seed,
    microBatches: batches.length,
    sample,
  });
  const counted = batches.reduce((n, { targets }) => n + countTargets(targets), 0);
  const weight = upload(device, scope, [1 / Math.max(1, counted)]);

  for (const parameter of parametersOutsideLayers(model))
    observe({ device, precision }, pointOf(parameter.name, 'weight'), parameter.value);
  const board = createBoard(training, scope);
  for (const [i, batch] of batches.entries()) {
    beginMicroBatch(precision, i);
    board.put('loss', microBatch(training, batch, weight, scope)); // [1]
  }
  for (const parameter of parameters)
    board.put('squares', apply({ device, scope }, sumSquares, {}, [parameter.grad!], FP32));
  board.put('amaxes', recording.amaxes);
  for (const { maximum } of recording.seen) if (maximum) board.put('maxima', maximum);
  if (recording.statistics) board.put('statistics', recording.statistics);
  if (sample) {
    for (const { gateUp } of model.blocks)
      board.put('cosines', apply({ device, scope }, channelCosine, {}, [gateUp.weight.value], FP32));
  }
  const values = await board.read();
  precision.recording = null;

  const losses = values('loss');
  const cosines = sample ? values('cosines') : null;
  const width = plan.model.ffnSize;
  const amaxes = values('amaxes').subarray(0, batches.length * precision.sites.length);
  return {
    loss: losses.reduce((a, b) => a + b, 0) / Math.max(1, counted),
    squares: values('squares'),
    amaxes,
    seen: sightings(precision, recording.seen, amaxes, values('maxima')),
    statistics: recording.statistics
      ? values('statistics').subarray(0, precision.sites.length * STATISTICS_LENGTH)
      : null,
    cosines: cosines && model.blocks.map((_, i) => cosines.subarray(i * width, (i + 1) * width)),
  };
}

/** Those that no linear layer of a block casts or looks at: embedding, head, norms. */
function parametersOutsideLayers({ parameters, blocks }: Llama): Parameter[] {
  const layers = blocks.flatMap(({ qkv, attentionOut, gateUp, down }) => [qkv, attentionOut, gateUp, down]);
  const inside = new Set(layers.map(({ weight }) => weight));
  return parameters.filter((parameter) => !inside.has(parameter));
}

function sightings(
  precision: Precision,
  seen: readonly Seen[],
  amaxes: Float32Array,
  maxima: Float32Array,
): Sighting[] {
  let next = 0;
  return seen.map(({ of, microBatch, maximum }) => {
    const amax = maximum ? maxima[next++]! : amaxes[slotOf(precision, of as Site, microBatch)]!;
    return { of, microBatch, amax };
  });
}

/** Adds one micro-batch's gradients to the parameters'; its activations live no longer than this. Its summed loss, [1]. */
function microBatch(
  { device, model, plan }: Training,
  batch: TokenBatch,
  weight: Tensor,
  kept: Scope,
): Tensor {
  const scope = createScope(device);
  const tape = createTape();
  const context: Context = { device, scope, tape, precision: model.precision };
  const before = model.parameters.map(({ grad }) => grad);
  const input = uploadBatch(model, scope, batch, { sequence: plan.sequence, backward: true });
  const loss = kept.alloc([1], FP32);
  device.copy(loss, lossOf(model, context, input, upload(device, scope, batch.targets), weight));
  tape.backward();
  for (const [i, { grad }] of model.parameters.entries()) {
    if (grad) scope.keep(grad);
    const old = before[i];
    if (old) device.free(old);
  }
  scope.release();
  return loss;
}

/** Frees the parameters' gradients. */
export function freeGradients({ device, model }: Training): void {
  for (const parameter of model.parameters) {
    if (parameter.grad) device.free(parameter.grad);
    parameter.grad = null;
  }
}

/** Small results gathered into one tensor, so that a step reads once. */
function createBoard({ device }: Training, scope: Scope) {
  const entries: { key: string; tensor: Tensor }[] = [];
  return {
    put: (key: string, tensor: Tensor) => {
      entries.push({ key, tensor });
    },
    async read(): Promise<(key: string) => Float32Array> {
      const length = entries.reduce((n, { tensor }) => n + elements(tensor.shape), 0);
      const board = scope.alloc([length], FP32);
      const spans = new Map<string, [from: number, to: number]>();
      let at = 0;
      for (const { key, tensor } of entries) {
        device.copy(board, tensor, { to: at });
        const from = spans.get(key)?.[0] ?? at;
        at += elements(tensor.shape);
        spans.set(key, [from, at]);
      }
      const values = await device.read(board);
      return (key) => values.subarray(...(spans.get(key) ?? [0, 0]));
    },
  };
}
