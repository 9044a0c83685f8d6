/** @file The configuration of a run with nothing left open: options over file over the model's preset. */
import { resolve } from 'node:path';
import { preparedFolderOf, preparedTokenizerSpec, readPreparedIndex, type TextSettings } from '@octavo/data';
import { absolute, addressOf } from '@octavo/store';
import { checkSettings, fineTuning, type Hyperparameters, presetOf, type RunSettings } from '@octavo/trainer';
import { hyperparameters, type Told } from '@octavo/trainer/record';
import { resolveInit } from './init.ts';
import { resolveModel } from './model.ts';
import { libraryFrom, tokenizerFrom } from './places.ts';
import { resolveRecipe } from './recipe.ts';
import type { Config } from './schema.ts';

/** What `library` means wherever the run is resumed from. */
const libraryOf = ({ library }: Config): string | undefined => library && libraryFrom('.', library);

/** Later configurations win, key by key. */
export async function resolveSettings(...configs: readonly Config[]): Promise<RunSettings> {
  const config = mergeConfigs(configs);
  const start = config.init === undefined ? null : await resolveInit(addressOf(config.init), config);
  const model = start?.model ?? (await resolveModel(config.model ?? 'nano', process.cwd()));
  const recipe = resolveRecipe(config.recipe ?? 'fp8-full');
  const preset = presetOf(model.name);
  const usual = start ? fineTuning : preset.hyperparameters;
  const chosen: Hyperparameters = { ...usual, ...hyperparametersOf(config) };
  // A shape of one's own may have a shorter context, and a short run no room for the preset's warm-up.
  const sequence = config.sequence ?? Math.min(chosen.sequence, model.config.contextLength);
  const warmup = config.warmup ?? Math.min(chosen.warmup, Math.floor(chosen.steps / 10));
  const tokenizer = start?.tokenizer ?? (await tokenizerOfPrepared(config)) ?? preset.tokenizer;
  return checkSettings({
    model,
    recipe,
    init: config.init === undefined ? null : absolute(addressOf(config.init)),
    data: dataOf(config, { train: null, heldOut: null, tokenizer, textField: 'text' }),
    hyperparameters: { ...chosen, sequence, warmup },
    threads: config.threads ?? null,
    library: libraryOf(config) ?? 'auto',
    out: config.out === undefined ? null : addressOf(config.out),
  });
}

const hyperparametersOf = (config: Config): Partial<Hyperparameters> =>
  Object.fromEntries(Object.entries(defined(config)).filter(([key]) => Object.hasOwn(hyperparameters, key)));

/** What a configuration says anew of a run that is resumed. */
export async function toldOf(config: Config, before: RunSettings): Promise<Told> {
  const { model, recipe, init, threads } = config;
  const library = libraryOf(config);
  return {
    ...(model !== undefined && { model: await resolveModel(model, process.cwd()) }),
    ...(recipe !== undefined && { recipe: resolveRecipe(recipe) }),
    ...(init !== undefined && { init: absolute(addressOf(init)) }),
    ...(threads !== undefined && { threads }),
    ...(library !== undefined && { library }),
    data: dataOf(config, before.data),
    hyperparameters: hyperparametersOf(config),
  };
}

/** `data` is merged a level deep, so that `--data` leaves the file's tokenizer alone. */
function mergeConfigs(configs: readonly Config[]): Config {
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

/** Absolute paths; what is not said is as in `unsaid`. */
function dataOf({ data }: Config, unsaid: TextSettings): TextSettings {
  const list = (paths: string | readonly string[]): string[] => [paths].flat().map((path) => resolve(path));
  const { train, heldOut, tokenizer, textField } = { ...data };
  return {
    train: train === undefined ? unsaid.train : list(train),
    heldOut: heldOut === undefined ? unsaid.heldOut : typeof heldOut === 'number' ? heldOut : list(heldOut),
    tokenizer: tokenizer === undefined ? unsaid.tokenizer : tokenizerFrom('.', tokenizer),
    textField: textField ?? unsaid.textField,
  };
}
