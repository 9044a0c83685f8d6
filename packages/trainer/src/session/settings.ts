/** @file Everything a run is told, with nothing left open, and the plan that the trainer makes of it. */
import type { TextSettings, TextShape } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { LlamaConfig } from '@octavo/llama';
import type { Recipe, Recompute } from '@octavo/nn';
import type { Schedule } from '@octavo/optim';
import type { Workload } from '../device/trial.ts';
import type { GuardPolicy } from '../guard/alarm.ts';
import { guardPlan } from '../guard/state.ts';
import type { NonFinitePolicy, TrainPlan } from '../plan.ts';
import { checkWire, type WireName } from '../ranks/wire.ts';

/** A model's shape, and what to call it. */
export interface NamedModel {
  readonly name: string;
  readonly config: LlamaConfig;
}

/** All numbers and choices of a run that have a default; what they mean stands at `TrainPlan`. */
export interface Hyperparameters {
  readonly batch: number;
  readonly accumulation: number;
  readonly sequence: number;
  readonly steps: number;
  readonly seed: number;
  /** Peak of the schedule, steps to reach it, and the share of it that is left at the end. */
  readonly learningRate: number;
  readonly warmup: number;
  readonly schedule: Schedule['kind'];
  readonly floor: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly nonFinite: NonFinitePolicy;
  readonly skipLimit: number;
  readonly checkpointEvery: number;
  readonly keepCheckpoints: number;
  readonly sampleEvery: number;
  readonly evaluateEvery: number;
  /** Held-out tokens that an evaluation predicts at most. */
  readonly evaluateTokens: number;
  /** What is done when a tensor is about to break. */
  readonly guard: GuardPolicy;
  readonly recompute: Recompute;
  readonly deterministic: boolean;
  readonly exchange: WireName;
  readonly device: string;
}

export interface RunSettings {
  readonly model: NamedModel;
  readonly recipe: Recipe;
  /** The model that it starts from: a folder or file as `openModel` of @octavo/exchange takes it, by its absolute path; null: random weights. */
  readonly init: string | null;
  readonly data: TextSettings;
  readonly hyperparameters: Hyperparameters;
  readonly threads: number | null;
  /** `off`, `auto`, `onednn`, `blas`, or a library: its absolute path, or the name that the system's loader finds. */
  readonly library: string;
  readonly out: string | null;
}

/** What must fit together, at the start of a run and whenever it is resumed; an `OctavoError` (exit code 2) names the key. */
export function checkSettings<Settings extends RunSettings>(settings: Settings): Settings {
  const { hyperparameters: given, model } = settings;
  const check = (key: 'sequence' | 'warmup' | 'beta1' | 'beta2', fits: boolean, expected: string): void => {
    if (fits) return;
    throw new OctavoError(`[config] key "${key}": got ${given[key]}, expected ${expected}`, { exitCode: 2 });
  };
  const { contextLength } = model.config;
  check('sequence', given.sequence <= contextLength, `at most the model's contextLength, ${contextLength}`);
  check('warmup', given.warmup <= given.steps, `at most steps, ${given.steps}`);
  checkWire(given.exchange, given.deterministic);
  for (const key of ['beta1', 'beta2'] as const) check(key, given[key] < 1, 'a number below 1');
  return settings;
}

/** How a run cuts its text. */
export const textShapeOf = ({ hyperparameters, model }: RunSettings): TextShape => ({
  ...hyperparameters,
  vocabularySize: model.config.vocabularySize,
});

/** The plan of a run. */
export function planOf({ model, recipe, hyperparameters }: RunSettings): TrainPlan {
  const { learningRate: peak, warmup, floor, schedule: kind, guard, recompute, ...rest } = hyperparameters;
  const { deterministic, exchange } = hyperparameters;
  const { batch, accumulation, sequence, steps, seed, beta1, beta2, epsilon, weightDecay } = rest;
  const { clip, nonFinite, skipLimit, checkpointEvery, keepCheckpoints, sampleEvery, evaluateEvery } = rest;
  const schedule: Schedule =
    kind === 'constant' ? { kind, peak, warmup } : { kind, peak, warmup, steps, floor };
  return {
    model: model.config,
    recipe,
    ...{ batch, accumulation, sequence, steps, seed, recompute, schedule },
    adam: { beta1, beta2, epsilon, weightDecay },
    ...{ clip, nonFinite, skipLimit, checkpointEvery, keepCheckpoints, sampleEvery, evaluateEvery },
    guard: guardPlan(guard),
    ...(deterministic && { deterministic }),
    ...(exchange !== 'float32' && { exchange }),
  };
}

/** What a device is chosen for, and memory reckoned: the shape of one micro-batch. */
export const workOf = (
  kind: Workload['kind'],
  { model, recipe, batch, sequence, recompute, accumulation, kvCache }: Omit<Workload, 'kind'>,
): Workload => ({ kind, model, recipe, batch, sequence, recompute, accumulation, kvCache });
