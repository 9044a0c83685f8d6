/** @file The state of a run: the model, its optimizer's state, and how far it has come. */
import { FP32 } from '@octavo/formats';
import { type Device, elements, HYPER_LENGTH, type Tensor } from '@octavo/kernels';
import {
  checkModel,
  createParameter,
  initialValues,
  type Llama,
  llamaOf,
  type ParameterSpec,
  parameterSpecs,
} from '@octavo/llama';
import { type Communicator, soloCommunicator } from '@octavo/mpi';
import { createPrecision, type Parameter, type Precision } from '@octavo/nn';
import {
  type AdamFormats,
  type AdamState,
  adamFormats,
  createAdamState,
  formatsFor,
  tensorsOf,
} from '@octavo/optim';
import { type GuardState, initGuard } from './guard/state.ts';
import { initSafety, type Safety } from './held.ts';
import type { TrainPlan } from './plan.ts';
import { type Part, type Ranks, ranksOf } from './ranks/ranks.ts';

export interface Training {
  readonly plan: TrainPlan;
  readonly device: Device;
  readonly model: Llama;
  /** Null: nobody shares the run. */
  readonly ranks: Ranks | null;
  /** One a parameter, in their order; of this rank's part of it, where ranks share the run. */
  readonly optimizer: readonly { readonly formats: AdamFormats; readonly state: AdamState }[];
  /** FP32 `[9]`, the numbers of the present update. */
  readonly hyper: Tensor;
  /** Steps done. */
  step: number;
  /** Updates done: steps less those skipped; the `t` of Adam's bias corrections. */
  updates: number;
  tokens: number;
  guard: GuardState;
  readonly safety: Safety;
}

/** A run at its beginning: weights at random from the plan's seed. `group`: who shares it. */
export function createTraining(
  device: Device,
  plan: TrainPlan,
  group: Communicator = soloCommunicator(),
): Training {
  const precision = createPrecision(device, plan.recipe);
  checkModel(plan.model, precision);
  const ranks = ranksOf(plan, group);
  const begun = parameterSpecs(plan.model).map((spec, i) =>
    beginParameter(precision, spec, initialValues(spec, i, plan.seed), ranks?.parts[i]),
  );
  return begunTraining(plan, precision, ranks, begun);
}

/** A parameter at the beginning of a run, and the optimizer's state for it. */
interface Begun {
  readonly parameter: Parameter;
  readonly optimizer: Training['optimizer'][number];
}

/** `own`: what this rank owns of the optimizer's state, where ranks share it. */
export function beginParameter(
  precision: Precision,
  spec: ParameterSpec,
  values: Float32Array,
  own: Part | undefined,
): Begun {
  const parameter = createParameter(precision, spec, values);
  const formats = formatsFor(adamFormats(precision.recipe.optimizer), parameter.isMatrix);
  const { shape, part } = partly(own, spec.shape, values);
  const state = createAdamState(precision.device, formats, shape, part, values);
  return { parameter, optimizer: { formats, state } };
}

export function begunTraining(
  plan: TrainPlan,
  precision: Precision,
  ranks: Ranks | null,
  begun: readonly Begun[],
): Training {
  const parameters = begun.map(({ parameter }) => parameter);
  const optimizer = begun.map((each) => each.optimizer);
  return trainingOf(plan, llamaOf(plan.model, precision, parameters), optimizer, { ranks });
}

/** A run of this model and optimizer's state; at its beginning, unless `progress` says how far it has come. */
export const trainingOf = (
  plan: TrainPlan,
  model: Llama,
  optimizer: Training['optimizer'],
  progress: Partial<Pick<Training, 'step' | 'updates' | 'tokens' | 'guard' | 'ranks'>> = {},
): Training => ({
  plan,
  device: model.device,
  model,
  ranks: null,
  optimizer,
  hyper: model.device.alloc([HYPER_LENGTH], FP32),
  step: 0,
  updates: 0,
  tokens: 0,
  guard: initGuard(),
  safety: initSafety(),
  ...progress,
});

/** What this process has of a parameter's values in its optimizer's state: all, or its part, with zeros behind. */
export function partly(
  part: Part | undefined,
  shape: readonly number[],
  values: Float32Array,
): { readonly shape: readonly number[]; readonly part: Float32Array } {
  if (!part) return { shape, part: values };
  const padded = new Float32Array(part.length);
  padded.set(values.subarray(part.from, part.to));
  return { shape: [1, part.length], part: padded };
}

/** Bytes that the optimizer's state takes, scales included, in the formats it stands for. */
export const optimizerBytes = (training: Training): number =>
  training.optimizer
    .flatMap(({ state }) => tensorsOf(state))
    .reduce((sum, { shape, format }) => sum + (elements(shape) * format.bits) / 8, 0);
