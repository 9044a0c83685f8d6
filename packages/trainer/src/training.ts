/** @file The state of a run: the model, its optimizer's state, and how far it has come. */
import { FP32 } from '@octavo/formats';
import { type Device, elements, HYPER_LENGTH, type Tensor } from '@octavo/kernels';
import { createLlama, initialValues, type Llama, parameterSpecs } from '@octavo/llama';
import { createPrecision } from '@octavo/nn';
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
  const values = new Map(
    parameterSpecs(plan.model).map((spec, i) => [spec.name, initialValues(spec, i, plan.seed)]),
  );
  const model = createLlama(plan.model, precision, { values: (name) => values.get(name) });
  const formats = adamFormats(plan.recipe.optimizer);
  const optimizer = model.parameters.map((parameter) => {
    const own = formatsFor(formats, parameter.isMatrix);
    return {
      formats: own,
      state: createAdamState(device, own, parameter.value.shape, values.get(parameter.name)!),
    };
  });
  return trainingOf(plan, model, optimizer);
}

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
