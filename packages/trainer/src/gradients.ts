/** @file Forward and backward over a step's micro-batches; what the host learns of it comes back in one read. */
import { FP32 } from '@octavo/formats';
import { channelCosine, elements, type Scope, sortTokens, sumSquares, type Tensor } from '@octavo/kernels';
import { type Batch, lossOf } from '@octavo/llama';
import { apply, beginStep, type Context, createTape, STATISTICS } from '@octavo/nn';
import type { Training } from './training.ts';

/** Token ids and their successors, `batch · sequence` each; a negative target counts for nothing. */
export interface TokenBatch {
  readonly tokens: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
}

/** What one forward and backward pass tells the host. */
export interface Gradients {
  /** Mean negative log-likelihood per token, nats. */
  readonly loss: number;
  /** Sum of squares of each parameter's gradient. */
  readonly squares: Float32Array;
  /** Maxima of every site for every micro-batch. */
  readonly amaxes: Float32Array;
  /** Statistics of every site, 8 each, on sampled steps. */
  readonly statistics: Float32Array | null;
  /** Cosine of gate and up per channel, per layer, on sampled steps. */
  readonly cosines: readonly Float32Array[] | null;
}

/** Leaves the gradients of the mean loss in the parameters' `grad`, alive as long as `scope`. */
export async function computeGradients(
  training: Training,
  batches: readonly TokenBatch[],
  scope: Scope,
  sample: boolean,
): Promise<Gradients> {
  const { device, model, plan } = training;
  const { precision, parameters } = model;
  for (const parameter of parameters) parameter.grad = null;
  const recording = beginStep(precision, scope, {
    step: training.step,
    seed: plan.seed,
    microBatches: batches.length,
    sample,
  });
  const counted = batches.reduce((n, { targets }) => n + countTargets(targets), 0);
  const weight = upload(training, scope, [1], [1 / Math.max(1, counted)]);

  const board = createBoard(training, scope);
  for (const [i, batch] of batches.entries()) {
    recording.microBatch = i;
    const context: Context = { device, scope, tape: createTape(), precision };
    const input = uploadBatch(training, scope, batch);
    const targets = upload(training, scope, [batch.targets.length], batch.targets);
    board.put(`loss`, lossOf(model, context, input, targets, weight)); // [1]
    context.tape!.backward();
  }
  for (const parameter of parameters)
    board.put('squares', apply({ device, scope }, sumSquares, {}, [parameter.grad!], FP32));
  board.put('amaxes', recording.amaxes);
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
  return {
    loss: losses.reduce((a, b) => a + b, 0) / Math.max(1, counted),
    squares: values('squares'),
    amaxes: values('amaxes').subarray(0, batches.length * precision.sites.length),
    statistics: recording.statistics
      ? values('statistics').subarray(0, precision.sites.length * STATISTICS)
      : null,
    cosines: cosines && model.blocks.map((_, i) => cosines.subarray(i * width, (i + 1) * width)),
  };
}

/** Targets that count. */
export const countTargets = (targets: ArrayLike<number>): number =>
  Array.from(targets).filter((t) => t >= 0).length;

function upload(
  training: Training,
  scope: Scope,
  shape: readonly number[],
  values: ArrayLike<number>,
): Tensor {
  const tensor = scope.alloc(shape, FP32);
  training.device.write(tensor, values);
  return tensor;
}

/** A batch on the device, with what the embedding's gradient needs. */
export function uploadBatch(
  training: Pick<Training, 'device' | 'model' | 'plan'>,
  scope: Scope,
  { tokens }: TokenBatch,
): Batch {
  const { plan, model } = training;
  const to = (values: ArrayLike<number>) => {
    const tensor = scope.alloc([values.length], FP32);
    training.device.write(tensor, values);
    return tensor;
  };
  const { order, starts } = sortTokens(tokens, model.config.vocabularySize);
  const { sequence } = plan;
  return {
    batch: tokens.length / sequence,
    sequence,
    tokens: to(tokens),
    order: to(order),
    starts: to(starts),
    positions: to(Float32Array.from({ length: tokens.length }, (_, i) => i % sequence)),
  };
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
