/** @file How the studies train: what they share, what is the same in all of them, the base, and the run from a checkpoint. */
import type { Device } from '@octavo/kernels';
import type { LlamaConfig } from '@octavo/llama';
import type { TrainPlan } from '@octavo/trainer';
import type { StudyOptions } from '../engine/study.ts';
import type { BatchShape } from './batches.ts';
import { type RareByte, rareByte } from './corpus.ts';
import { protocolRecipe } from './recipes.ts';

/** What every study on a base model is told. */
export interface BaseSettings extends BatchShape {
  readonly model: LlamaConfig;
  /** Steps of base training, in BF16. */
  readonly baseSteps: number;
  /** Activations between the quantised products. */
  readonly activations: 'bf16' | 'fp32';
  /** Z: output of the planted channels on the rare byte. */
  readonly peak: number;
  /** Other channels' up rows are divided by it, their down columns multiplied: a power of two, so exactly. */
  readonly rescale: number;
}

/** What every study that trains from aged checkpoints is told. */
export interface AgeingSettings extends BaseSettings {
  /** Steps of each recipe from the aged checkpoint, and from one spike to the next. */
  readonly steps: number;
  readonly spikeEvery: number;
  readonly learningRate: number;
}

/** The model of the studies: 631,680 parameters, bytes as tokens. */
export const studyModel: LlamaConfig = {
  vocabularySize: 256,
  hiddenSize: 128,
  layers: 3,
  heads: 4,
  keyValueHeads: 4,
  ffnSize: 320,
  contextLength: 64,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};

/** The model, ageing and timing of spikes of all studies that begin with an aged checkpoint. */
export const ageing = {
  model: studyModel,
  batch: 16,
  sequence: 64,
  spikeEvery: 24,
  learningRate: 2e-5,
  peak: 1e5,
  rescale: 32,
  activations: 'bf16',
} as const;

/** A plan of one micro-batch a step that keeps nothing, evaluates nothing, clips at 1 and goes on after a step that broke. */
export const planOf = (
  { model, batch, sequence }: BatchShape & { readonly model: LlamaConfig },
  own: Pick<TrainPlan, 'recipe' | 'steps' | 'seed' | 'schedule'> & { readonly weightDecay?: number },
): TrainPlan => {
  const { recipe, steps, seed, schedule, weightDecay = 0.1 } = own;
  return {
    ...{ model, recipe, batch, sequence, steps, seed, schedule },
    accumulation: 1,
    adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay },
    clip: 1,
    nonFinite: 'continue',
    checkpointEvery: 0,
    keepCheckpoints: 0,
    sampleEvery: 0,
    evaluateEvery: 0,
  };
};

/** Base training: 3e-3 after 50 steps of warm-up, then a cosine to 10 %. */
export const basePlan = (settings: BaseSettings, seed: number): TrainPlan =>
  planOf(settings, {
    recipe: protocolRecipe('bf16', settings.activations),
    steps: settings.baseSteps,
    seed,
    schedule: { kind: 'cosine', peak: 3e-3, warmup: 50, steps: settings.baseSteps, floor: 0.1 },
  });

/** The run from an aged checkpoint: a constant learning rate, statistics at every step. */
export const runPlan = (
  settings: AgeingSettings,
  seed: number,
  recipe: TrainPlan['recipe'],
  { steps = settings.steps, learningRate = settings.learningRate } = {},
): TrainPlan => ({
  ...planOf(settings, { recipe, steps, seed, schedule: { kind: 'constant', peak: learningRate, warmup: 0 } }),
  sampleEvery: 1,
});

export interface Laboratory<Settings> {
  readonly settings: Settings;
  readonly device: Device;
  /** The text that is trained on. */
  readonly bytes: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** That of a study on a base model, which may be aged: its batches hold the rare byte where the study wants it. */
export interface BaseLaboratory<Settings extends BaseSettings = BaseSettings> extends Laboratory<Settings> {
  readonly rare: RareByte;
}

export type AgedLaboratory = BaseLaboratory<AgeingSettings>;

export const baseLaboratory = <Settings extends BaseSettings>(
  { settings, device, signal }: StudyOptions<Settings>,
  bytes: Uint8Array,
): BaseLaboratory<Settings> => ({ settings, device, bytes, rare: rareByte(bytes), signal });
