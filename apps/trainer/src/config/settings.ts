/** @file The configuration of a run with nothing left open: options over file over the model's preset. */
import { resolve } from 'node:path';
import {
  preparedFolderOf,
  preparedTokenizerSpec,
  readPreparedIndex,
  type TextSettings,
  type TextShape,
} from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { Recipe } from '@octavo/nn';
import type { Schedule } from '@octavo/optim';
import { guardPlan, type TrainPlan } from '@octavo/trainer';
import { type NamedModel, resolveModel } from './model.ts';
import { libraryFrom, tokenizerFrom } from './places.ts';
import { presetOf } from './presets/index.ts';
import { resolveRecipe } from './recipe.ts';
import { type Config, type Hyperparameters, hyperparameters } from './schema.ts';

export interface Settings {
  readonly model: NamedModel;
  readonly recipe: Recipe;
  readonly data: TextSettings;
  readonly hyperparameters: Hyperparameters;
  readonly threads: number | null;
  /** `off`, `auto`, `onednn`, `blas`, or a library: its absolute path, or the name that the system's loader finds. */
  readonly library: string;
  readonly out: string | null;
}

/** What `library` means wherever the run is resumed from. */
export const libraryOf = ({ library }: Config): string | undefined => library && libraryFrom('.', library);

/** Later configurations win, key by key. */
export async function resolveSettings(...configs: readonly Config[]): Promise<Settings> {
  const config = mergeConfigs(configs);
  const model = await resolveModel(config.model ?? 'nano', process.cwd());
  const recipe = resolveRecipe(config.recipe ?? 'fp8-full');
  const preset = presetOf(model.name);
  const chosen = Object.fromEntries(
    Object.keys(hyperparameters).map((key) => [
      key,
      config[key as keyof Hyperparameters] ?? preset.hyperparameters[key as keyof Hyperparameters],
    ]),
  ) as Hyperparameters;
  // A shape of one's own may have a shorter context, and a short run no room for the preset's warm-up.
  const sequence = config.sequence ?? Math.min(preset.hyperparameters.sequence, model.config.contextLength);
  const warmup = config.warmup ?? Math.min(preset.hyperparameters.warmup, Math.floor(chosen.steps / 10));
  const tokenizer = (await tokenizerOfPrepared(config)) ?? preset.tokenizer ?? 'byte';
  const settings: Settings = {
    model,
    recipe,
    data: dataOf(config, tokenizer),
    hyperparameters: { ...chosen, sequence, warmup },
    threads: config.threads ?? null,
    library: libraryOf(config) ?? 'auto',
    out: config.out ?? null,
  };
  return checkSettings(settings);
}

/** `data` is merged a level deep, so that `--data` leaves the file's tokenizer alone. */
export function mergeConfigs(configs: readonly Config[]): Config {
  const merged: Config = Object.assign({}, ...configs.map(defined));
  const data = Object.assign({}, ...configs.map((c) => defined(c.data ?? {})));
  return Object.keys(data).length > 0 ? { ...merged, data } : merged;
}

const defined = (config: object): object =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));

/** Where the tokenizer is that prepared data brings; null where the data is text. */
async function tokenizerOfPrepared({ data }: Config): Promise<string | null> {
  const folder = await preparedFolderOf(data?.train === undefined ? null : [data.train].flat());
  return folder && tokenizerFrom('.', preparedTokenizerSpec(folder, await readPreparedIndex(folder)));
}

/** Absolute paths, and nothing left out. */
export function dataOf({ data }: Config, tokenizer: string): TextSettings {
  const list = (paths: string | readonly string[]): string[] => [paths].flat().map((path) => resolve(path));
  const heldOut = data?.heldOut;
  return {
    train: data?.train === undefined ? null : list(data.train),
    heldOut: heldOut === undefined ? null : typeof heldOut === 'number' ? heldOut : list(heldOut),
    tokenizer: data?.tokenizer === undefined ? tokenizer : tokenizerFrom('.', data.tokenizer),
    textField: data?.textField ?? 'text',
  };
}

/** What must fit together, at the start of a run and whenever it is resumed; an `OctavoError` (exit code 2) names the key. */
export function checkSettings(settings: Settings): Settings {
  const { hyperparameters, model } = settings;
  const fail = (key: string, got: string, expected: string): never => {
    throw new OctavoError(`[config] key "${key}": got ${got}, expected ${expected}`, { exitCode: 2 });
  };
  if (hyperparameters.sequence > model.config.contextLength) {
    fail(
      'sequence',
      String(hyperparameters.sequence),
      `at most the model's contextLength, ${model.config.contextLength}`,
    );
  }
  if (hyperparameters.warmup > hyperparameters.steps)
    fail('warmup', String(hyperparameters.warmup), `at most steps, ${hyperparameters.steps}`);
  for (const key of ['beta1', 'beta2'] as const)
    if (hyperparameters[key] >= 1) fail(key, String(hyperparameters[key]), 'a number below 1');
  return settings;
}

/** How a run cuts its text. */
export const textShapeOf = ({ hyperparameters, model }: Settings): TextShape => ({
  ...hyperparameters,
  vocabularySize: model.config.vocabularySize,
});

/** The trainer's part of the settings. */
export function planOf({ model, recipe, hyperparameters }: Settings): TrainPlan {
  const { learningRate: peak, warmup, steps, floor, beta1, beta2, epsilon, weightDecay } = hyperparameters;
  const schedule: Schedule =
    hyperparameters.schedule === 'constant'
      ? { kind: 'constant', peak, warmup }
      : { kind: hyperparameters.schedule, peak, warmup, steps, floor };
  const {
    batch,
    accumulation,
    sequence,
    seed,
    clip,
    nonFinite,
    skipLimit,
    checkpointEvery,
    keepCheckpoints,
    sampleEvery,
    evaluateEvery,
  } = hyperparameters;
  return {
    model: model.config,
    recipe,
    batch,
    accumulation,
    sequence,
    steps,
    seed,
    schedule,
    adam: { beta1, beta2, epsilon, weightDecay },
    clip,
    nonFinite,
    skipLimit,
    checkpointEvery,
    keepCheckpoints,
    sampleEvery,
    evaluateEvery,
    guard: guardPlan(hyperparameters.guard),
  };
}
