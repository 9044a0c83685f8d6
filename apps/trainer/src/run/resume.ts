/** @file What may be said anew when a run is resumed, and what has to stay as it began. */
import type { TextSettings } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { checkSettings, type Hyperparameters, type RunSettings, sameValue } from '@octavo/trainer';
import { show } from '../config/explain.ts';
import { resolveModel } from '../config/model.ts';
import { resolveRecipe } from '../config/recipe.ts';
import { type Config, hyperparameters } from '../config/schema.ts';
import { dataOf, libraryOf, mergeConfigs } from '../config/settings.ts';

/** They decide how far the run goes and what it leaves on disk, not what any step computes (save for the schedule’s end). */
const FREE = new Set<keyof Hyperparameters>([
  'steps',
  'nonFinite',
  'skipLimit',
  'checkpointEvery',
  'keepCheckpoints',
  'sampleEvery',
  'evaluateEvery',
  'evaluateTokens',
  'guard',
  'device',
]);

/** Beside the recipe, what may be said anew where a value that is not finite has ended the run: what may have caused it. */
const FREE_AFTER_FAILURE = new Set<keyof Hyperparameters>([
  'learningRate',
  'warmup',
  'schedule',
  'floor',
  'epsilon',
  'clip',
]);

/**
 * The settings of a resumed run; an `OctavoError` (exit code 2) names what differs and must not. `rescued`: it goes on from
 * the last good state before a value that is not finite.
 */
export async function resumedSettings(
  before: RunSettings,
  config: Config,
  folder: string,
  rescued = false,
): Promise<RunSettings> {
  const fail = (key: string, got: unknown, expected: unknown): never => {
    throw new OctavoError(
      `[run] ${folder} began with another ${key}: got ${show(got)}, expected ${show(expected)}; leave it out, or start a new run in another --out`,
      { exitCode: 2 },
    );
  };
  if (config.model !== undefined) {
    const model = await resolveModel(config.model, process.cwd());
    if (!sameValue(model.config, before.model.config)) fail('model', model.name, before.model.name);
  }
  const recipe = config.recipe === undefined ? before.recipe : resolveRecipe(config.recipe);
  if (!rescued && !sameValue(recipe, before.recipe)) fail('recipe', recipe.name, before.recipe.name);
  const data = dataOf(mergeConfigs([{ data: asConfig(before.data) }, config]), before.data.tokenizer);
  for (const key of ['train', 'heldOut', 'tokenizer', 'textField'] as const) {
    if (!sameValue(data[key], before.data[key]))
      fail(`data.${key}`, data[key], before.data[key] ?? 'the default');
  }
  const changed: Record<string, unknown> = {};
  for (const key of Object.keys(hyperparameters) as (keyof Hyperparameters)[]) {
    const value = config[key];
    if (value === undefined) continue;
    const free = FREE.has(key) || (rescued && FREE_AFTER_FAILURE.has(key));
    if (!free && value !== before.hyperparameters[key]) fail(key, value, before.hyperparameters[key]);
    changed[key] = value;
  }
  return checkSettings({
    ...before,
    recipe,
    hyperparameters: { ...before.hyperparameters, ...changed },
    threads: config.threads ?? before.threads,
    library: libraryOf(config) ?? before.library,
  });
}

/** Refuses to resume (exit code 2) a run that has come further than it is now to go. */
export function checkAhead(step: number, { hyperparameters: { steps } }: RunSettings, folder: string): void {
  if (step <= steps) return;
  throw new OctavoError(
    `[run] ${folder} has done ${step} steps already: got steps ${steps}, expected at least ${step}; leave --steps out, or give more`,
    { exitCode: 2 },
  );
}

const asConfig = (data: TextSettings): Config['data'] =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)) as Config['data'];
