/** @file The parts of a pass over a step's micro-batches: forward, backward, and the one read of what the host learns of it. */
import { FP32 } from '@octavo/formats';
import {
  channelCosine,
  createScope,
  type Device,
  type Scope,
  sumSquares,
  type Tensor,
} from '@octavo/kernels';
import { type Llama, lossOf } from '@octavo/llama';
import {
  apply,
  beginMicroBatch,
  beginStep,
  createTape,
  observe,
  type Parameter,
  type Point,
  type Precision,
  type Recording,
  type Seen,
  type Site,
  STATISTICS_LENGTH,
  slotOf,
  type Tape,
} from '@octavo/nn';
import { pointOf } from './places.ts';
import type { Training } from './training.ts';
import { countTargets, gather, type TokenBatch, upload, uploadBatch } from './transfer.ts';

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

/** A forward and backward pass over a step's micro-batches, under way. */
export interface Pass {
  readonly training: Training;
  /** Lives as long as the step. */
  readonly scope: Scope;
  readonly recording: Recording;
  /** What each target's loss weighs in the gradients: 1 / targets, [1]. */
  readonly weight: Tensor;
  readonly targets: number;
  /** Of each micro-batch, summed over its targets, [1]. */
  readonly losses: Tensor[];
}

/** What a micro-batch's backward pass needs, and lets go. */
export interface MicroBatch {
  readonly tape: Tape;
  readonly scope: Scope;
}

/** Observes the tensors that no linear layer observes (embedding, head, norms), and frees the gradients of an earlier pass. */
export function beginPass(
  training: Training,
  batches: readonly TokenBatch[],
  scope: Scope,
  sample: boolean,
): Pass {
  const { device, model, plan } = training;
  const { precision } = model;
  freeGradients(training);
  const of = { step: training.step, seed: plan.seed, microBatches: batches.length, sample };
  const recording = beginStep(precision, scope, of);
  const targets = batches.reduce((n, batch) => n + countTargets(batch.targets), 0);
  const weight = upload(device, scope, [1 / Math.max(1, targets)]);
  for (const parameter of parametersOutsideLayers(model))
    observe({ device, precision }, pointOf(parameter.name, 'weight'), parameter.value);
  return { training, scope, recording, weight, targets, losses: [] };
}

/** Computes a micro-batch's loss; its activations live until `backward`. */
export function forward({ training, scope: kept, weight, losses }: Pass, batch: TokenBatch): MicroBatch {
  const { device, model, plan } = training;
  beginMicroBatch(model.precision, losses.length);
  const [scope, tape] = [createScope(device), createTape()];
  const { recompute = 'none' } = plan;
  const context = { device, scope, tape, precision: model.precision, recompute };
  const input = uploadBatch(model, scope, batch, { sequence: plan.sequence, backward: true });
  const loss = kept.alloc([1], FP32);
  device.copy(loss, lossOf(model, context, input, upload(device, scope, batch.targets), weight));
  losses.push(loss);
  return { tape, scope };
}

/** Adds the micro-batch's gradients to the parameters'. */
export function backward({ training: { model } }: Pass, { tape, scope }: MicroBatch): void {
  for (const { grad } of model.parameters) if (grad) scope.adopt(grad); // it goes as soon as a sum has taken its place
  tape.backward();
  for (const { grad } of model.parameters) if (grad) scope.keep(grad);
  scope.release();
}

/** All that the host learns of a pass, in one read. */
export async function read({ training, scope, recording, targets, losses }: Pass): Promise<Gradients> {
  const { device, model, plan } = training;
  const { precision, parameters, blocks } = model;
  const apart = { device, scope };
  const { amaxes, statistics, seen } = recording;
  const values = await gather(device, {
    losses,
    squares: parameters.map(({ grad }) => apply(apart, sumSquares, {}, [grad!], FP32)),
    amaxes: [amaxes],
    maxima: seen.flatMap(({ maximum }) => maximum ?? []),
    statistics: statistics ? [statistics] : [],
    cosines: statistics
      ? blocks.map(({ gateUp }) => apply(apart, channelCosine, {}, [gateUp.weight.value], FP32))
      : [],
  });
  precision.recording = null;
  const ofSites = values.amaxes.subarray(0, losses.length * precision.sites.length);
  const width = plan.model.ffnSize;
  return {
    loss: values.losses.reduce((a, b) => a + b, 0) / Math.max(1, targets),
    squares: values.squares,
    amaxes: ofSites,
    seen: sightings(precision, seen, ofSites, values.maxima),
    statistics: statistics && values.statistics.subarray(0, precision.sites.length * STATISTICS_LENGTH),
    cosines: statistics && blocks.map((_, i) => values.cosines.subarray(i * width, (i + 1) * width)),
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

/** Frees the parameters' gradients. */
export const freeGradients = ({ device, model }: Training): void =>
  model.parameters.forEach((parameter) => {
    freeGradient(device, parameter);
  });

export function freeGradient(device: Device, parameter: Parameter): void {
  if (parameter.grad) device.free(parameter.grad);
  parameter.grad = null;
}
