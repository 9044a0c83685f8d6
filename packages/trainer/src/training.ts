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

export interface Training {
  readonly plan: TrainPlan;
  readonly device: Device;
  readonly model: Llama;
  /** One a parameter, in their order. */
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

/** A run at its beginning: weights at random from the plan's seed. */
export function createTraining(device: Device, plan: TrainPlan): Training {
  const precision = createPrecision(device, plan.recipe);
  checkModel(plan.model, precision);
  const begun = parameterSpecs(plan.model).map((spec, i) =>
    beginParameter(precision, spec, initialValues(spec, i, plan.seed)),
  );
  return begunTraining(plan, precision, begun);
}

/** A parameter at the beginning of a run, and the optimizer's state for it. */
interface Begun {
  readonly parameter: Parameter;
  readonly optimizer: Training['optimizer'][number];
}

export function beginParameter(precision: Precision, spec: ParameterSpec, values: Float32Array): Begun {
  const parameter = createParameter(precision, spec, values);
  const formats = formatsFor(adamFormats(precision.recipe.optimizer), parameter.isMatrix);
  const state = createAdamState(precision.device, formats, spec.shape, values);
  return { parameter, optimizer: { formats, state } };
}

export const begunTraining = (plan: TrainPlan, precision: Precision, begun: readonly Begun[]): Training =>
  trainingOf(
    plan,
    llamaOf(
      plan.model,
      precision,
      begun.map(({ parameter }) => parameter),
    ),
    begun.map(({ optimizer }) => optimizer),
  );

/** A run of this model and optimizer's state; at its beginning, unless `progress` says how far it has come. */
export const trainingOf = (
  plan: TrainPlan,
  model: Llama,
  optimizer: Training['optimizer'],
  progress: Partial<Pick<Training, 'step' | 'updates' | 'tokens' | 'guard'>> = {},
): Training => ({
  plan,
  device: model.device,
  model,
  optimizer,
  hyper: model.device.alloc([HYPER_LENGTH], FP32),
  step: 0,
  updates: 0,
  tokens: 0,
  guard: initGuard(),
  safety: initSafety(),
  ...progress,
});

/** Bytes that the optimizer's state takes, scales included, in the formats it stands for. */
export const optimizerBytes = (training: Training): number =>
  training.optimizer
    .flatMap(({ state }) => tensorsOf(state))
    .reduce((sum, { shape, format }) => sum + (elements(shape) * format.bits) / 8, 0);
