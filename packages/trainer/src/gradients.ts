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
  type Precision,
  type Recording,
  type Seen,
  type Site,
  STATISTICS_LENGTH,
  slotOf,
  type Tape,
} from '@octavo/nn';
import type { Gradients, Sighting } from './learned.ts';
import { pointOf } from './places.ts';
import { agreeOnGradients, agreeOnTargets } from './ranks/agree.ts';
import { type GradientSums, gradientSums } from './ranks/sums.ts';
import type { Training } from './training.ts';
import { countTargets, gather, type TokenBatch, upload, uploadBatch } from './transfer.ts';

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
  /** Number of the first micro-batch among those of the step. */
  readonly first: number;
  /** Where gradients go that ranks share; null: they stay the parameters'. */
  readonly sums: GradientSums | null;
}

/** What a micro-batch's backward pass needs, and lets go. */
export interface MicroBatch {
  readonly tape: Tape;
  readonly scope: Scope;
}

/** Observes the tensors that no linear layer observes (embedding, head, norms), and frees the gradients of an earlier pass. */
export async function beginPass(
  training: Training,
  batches: readonly TokenBatch[],
  scope: Scope,
  sample: boolean,
): Promise<Pass> {
  const { device, model, plan, ranks } = training;
  const { precision } = model;
  freeGradients(training);
  const microBatches = ranks ? plan.accumulation : batches.length;
  const recording = beginStep(precision, scope, {
    step: training.step,
    seed: plan.seed,
    microBatches,
    sample,
  });
  const own = batches.reduce((n, batch) => n + countTargets(batch.targets), 0);
  const targets = ranks ? await agreeOnTargets(ranks, own) : own;
  const weight = upload(device, scope, [1 / Math.max(1, targets)]);
  for (const parameter of parametersOutsideLayers(model))
    observe({ device, precision }, pointOf(parameter.name, 'weight'), parameter.value);
  const first = ranks?.microBatches.from ?? 0;
  const sums = ranks && gradientSums(training, ranks, scope);
  return { training, scope, recording, weight, targets, losses: [], first, sums };
}

/** Computes a micro-batch's loss; its activations live until `backward`. */
export function forward(
  { training, scope: kept, weight, losses, first }: Pass,
  batch: TokenBatch,
): MicroBatch {
  const { device, model, plan } = training;
  beginMicroBatch(model.precision, first + losses.length);
  const [scope, tape] = [createScope(device), createTape()];
  const { recompute = 'none' } = plan;
  const context = { device, scope, tape, precision: model.precision, recompute };
  const input = uploadBatch(model, scope, batch, { sequence: plan.sequence, backward: true });
  const loss = kept.alloc([1], FP32);
  device.copy(loss, lossOf(model, context, input, upload(device, scope, batch.targets), weight));
  losses.push(loss);
  return { tape, scope };
}

/** Adds the micro-batch's gradients to the parameters', or to the sums that ranks share. */
export function backward(
  { training: { model }, sums, first, losses }: Pass,
  { tape, scope }: MicroBatch,
): void {
  for (const { grad } of model.parameters) if (grad) scope.adopt(grad); // it goes as soon as a sum has taken its place
  tape.backward();
  for (const { grad } of model.parameters) if (grad) scope.keep(grad);
  sums?.take(first + losses.length - 1);
  scope.release();
}

/** All that the host learns of a pass, in one read. */
export async function read(pass: Pass): Promise<Gradients> {
  const { training, scope, recording, targets, losses, sums } = pass;
  const { device, model, plan, ranks } = training;
  const shared = await sums?.share();
  const { precision, parameters, blocks } = model;
  const apart = { device, scope };
  const { amaxes, statistics, seen } = recording;
  const values = await gather(device, {
    losses,
    squares: shared ? [] : parameters.map(({ grad }) => apply(apart, sumSquares, {}, [grad!], FP32)),
    amaxes: [amaxes],
    maxima: seen.flatMap(({ maximum }) => maximum ?? []),
    statistics: statistics ? [statistics] : [],
    cosines: statistics
      ? blocks.map(({ gateUp }) => apply(apart, channelCosine, {}, [gateUp.weight.value], FP32))
      : [],
  });
  precision.recording = null;
  const count = ranks ? plan.accumulation : losses.length;
  const ofSites = values.amaxes.subarray(0, count * precision.sites.length);
  const width = plan.model.ffnSize;
  const own = {
    losses: values.losses,
    amaxes: ofSites,
    seen: sightings(precision, seen, ofSites, values.maxima),
    statistics: statistics && values.statistics.subarray(0, precision.sites.length * STATISTICS_LENGTH),
  };
  const { losses: each, ...all } = ranks ? await agreeOnGradients(training, ranks, own) : own;
  return {
    ...all,
    loss: each.reduce((a, b) => a + b, 0) / Math.max(1, targets),
    squares: shared ?? values.squares,
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
export function freeGradients({ device, model, ranks }: Training): void {
  for (const parameter of model.parameters) freeGradient(device, parameter);
  if (!ranks) return;
  for (const part of ranks.gradients) device.free(part);
  ranks.gradients = [];
}

export function freeGradient(device: Device, parameter: Parameter): void {
  if (parameter.grad) device.free(parameter.grad);
  parameter.grad = null;
}
