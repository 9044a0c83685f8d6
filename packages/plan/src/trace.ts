/**
 * @file What a training step does and holds: the step's own code, run on a device without numbers. Nothing is reckoned by a
 * formula beside the code, so nothing can drift from it.
 */
import { FP32 } from '@octavo/formats';
import {
  type Attributes,
  type Device,
  elements,
  type FusedOperator,
  type GemmAttributes,
  gemm,
  matrixShape,
  type Operator,
  type Tensor,
} from '@octavo/kernels';
import { createLlama } from '@octavo/llama';
import { createPrecision } from '@octavo/nn';
import { adamFormats, createAdamState, formatsFor } from '@octavo/optim';
import { measuringBatch, type TrainPlan, trainingOf, trainStep } from '@octavo/trainer';
import { bytesOf, createHollowDevice } from './hollow-device.ts';

/** `update`: from the norm of the gradients on. What is computed again is of the backward pass. */
export const PHASES = ['forward', 'backward', 'update'] as const;
export type Phase = (typeof PHASES)[number];

/** A call of an operator; null: a copy. */
export interface Operation {
  readonly operator: Operator | FusedOperator | null;
  readonly attributes: Attributes;
  readonly phase: Phase;
  readonly inputs: readonly Tensor[];
  readonly outs: readonly Tensor[];
  /** Of matrix units: multiplications and additions. */
  readonly flops: number;
  /** Of the vector unit, for what is bounded by its arithmetic and not by memory. */
  readonly vectorFlops: number;
}

/**
 * What memory is held for. `residual`: activations of the residual stream's width, which tensor parallelism does not split;
 * `codes`: weights in 8 bits, kept from one micro-batch to the next.
 */
export const HELD = ['weights', 'optimizer', 'codes', 'gradients', 'activations', 'residual'] as const;
export type Held = Record<(typeof HELD)[number], number>;

export interface Trace {
  readonly plan: TrainPlan;
  readonly operations: readonly Operation[];
  /** Bytes held after every call that changed them, by what they are held for. */
  readonly held: readonly Held[];
  /** Seconds of this processor that the step's own code took, without any operator. */
  readonly code: number;
}

type Event = { readonly tensor: Tensor; readonly sign: 1 | -1; readonly phase: Phase };

/**
 * One step of a plan, the second: then delayed scales have a history. Of several micro-batches two are run: the second as all
 * that follow it, since then gradients are there already.
 */
export async function traceStep(plan: TrainPlan): Promise<Trace> {
  const kinds = new Map<Tensor, keyof Held>();
  const alive = new Set<Tensor>();
  let operations: Operation[] = [];
  let events: Event[] = [];
  let phase: Phase = 'forward';
  const note = (tensor: Tensor, sign: 1 | -1): void => {
    if (sign > 0) alive.add(tensor);
    else alive.delete(tensor);
    events.push({ tensor, sign, phase });
  };
  const device = createHollowDevice({
    alloc: (tensor) => note(tensor, 1),
    free: (tensor) => note(tensor, -1),
    run(operator, attributes, inputs, outs) {
      const { name } = operator;
      phase = phaseAfter(phase, name);
      const flops = flopsOf(name, attributes, inputs, outs[0]!);
      operations.push({ operator: operator as Operator, attributes, phase, inputs, outs, ...flops });
      if (name === 'adamw') for (const out of outs) kinds.set(out, 'optimizer');
      if (name === 'dequantize' && phase === 'update') kinds.set(outs[0]!, 'weights');
    },
    copy: (to, from) =>
      void operations.push({
        ...{ operator: null, attributes: {}, phase, inputs: [from], outs: [to], flops: 0, vectorFlops: 0 },
      }),
  });
  const training = hollowTraining(device, plan);
  for (const tensor of alive) kinds.set(tensor, 'optimizer');
  for (const { value } of training.model.parameters) kinds.set(value, 'weights');
  const batch = measuringBatch(plan.batch * plan.sequence, plan.model.vocabularySize);
  const batches = Array.from({ length: Math.min(2, plan.accumulation) }, () => batch);
  await trainStep(training, batches);
  [operations, phase] = [[], 'forward'];
  events = [...alive].map((tensor) => ({ tensor, sign: 1, phase }));
  const start = process.cpuUsage();
  await trainStep(training, batches);
  const { user, system } = process.cpuUsage(start);
  const shapes = new Set(training.model.parameters.map(({ value }) => value.shape.join()));
  for (const { tensor, phase } of events)
    if (
      !kinds.has(tensor) &&
      phase === 'backward' &&
      tensor.format === FP32 &&
      shapes.has(tensor.shape.join())
    )
      kinds.set(tensor, 'gradients');
  for (const tensor of aliveAfterBackward(events))
    if (!kinds.has(tensor) && tensor.format.bits <= 8) kinds.set(tensor, 'codes');
  const held = timeline(events, (tensor) => kinds.get(tensor) ?? kindOf(plan, tensor));
  return { plan, operations, held, code: (user + system) / 1e6 };
}

/** A run at its beginning, without its values. */
function hollowTraining(device: Device, plan: TrainPlan) {
  const nothing = new Float32Array(0);
  const precision = createPrecision(device, plan.recipe);
  const model = createLlama(plan.model, precision, { values: () => nothing });
  const all = adamFormats(plan.recipe.optimizer);
  const optimizer = model.parameters.map(({ value, isMatrix }) => {
    const formats = formatsFor(all, isMatrix);
    return { formats, state: createAdamState(device, formats, value.shape, nothing) };
  });
  return trainingOf(plan, model, optimizer);
}

/** The loss is the first of the backward pass, since it brings its gradient; the norm of the gradients follows it. */
function phaseAfter(phase: Phase, name: string): Phase {
  if (name === 'sumSquares' || name === 'adamw') return 'update';
  if (name === 'crossEntropyWithGrad') return 'backward';
  return name === 'embedding' ? 'forward' : phase;
}

/** Vector operations for each score of attention, a multiplication or an addition each counted as the half of one of both. */
const SOFTMAX = { attention: 2 * 5, attentionGrad: 2 * 8 };

function flopsOf(
  name: string,
  attributes: object,
  inputs: readonly Tensor[],
  out: Tensor,
): Pick<Operation, 'flops' | 'vectorFlops'> {
  if (name === gemm.name) {
    const { transposeA } = attributes as GemmAttributes;
    const [rows, columns] = matrixShape(inputs[0]!.shape);
    return { flops: 2 * elements(out.shape) * (transposeA ? rows : columns), vectorFlops: 0 };
  }
  if (name !== 'attention' && name !== 'attentionGrad') return { flops: 0, vectorFlops: 0 };
  const { batch, sequence, heads, headDim } = attributes as Record<string, number>;
  const scores = (batch! * heads! * sequence! * (sequence! + 1)) / 2; // each token looks at itself and those before
  const products = name === 'attention' ? 2 : 5; // the second: scores again, and four gradients
  return { flops: 2 * products * scores * headDim!, vectorFlops: SOFTMAX[name] * scores };
}

/** Tensors that are there when the norm of the gradients is taken. */
function aliveAfterBackward(events: readonly Event[]): Set<Tensor> {
  const alive = new Set<Tensor>();
  for (const { tensor, sign, phase } of events) {
    if (phase === 'update') break;
    if (sign > 0) alive.add(tensor);
    else alive.delete(tensor);
  }
  return alive;
}

function timeline(events: readonly Event[], kindOf: (tensor: Tensor) => keyof Held): Held[] {
  const now = Object.fromEntries(HELD.map((kind) => [kind, 0])) as Held;
  return events.map(({ tensor, sign }) => {
    now[kindOf(tensor)] += sign * bytesOf(tensor);
    return { ...now };
  });
}

/** Of a tensor that lives no longer than a micro-batch. */
const kindOf = (plan: TrainPlan, tensor: Tensor): keyof Held =>
  isResidual(plan, tensor) ? 'residual' : 'activations';

/** Rows of tokens by the width of the residual stream. */
export const isResidual = ({ model, batch, sequence }: TrainPlan, { shape }: Tensor): boolean =>
  shape.length === 2 && shape[0] === batch * sequence && shape[1] === model.hiddenSize;
