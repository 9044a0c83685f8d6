/** @file What may be said anew when a run is resumed, and what has to stay as it began. */
import { OctavoError, quoted } from '@octavo/formats';
import { sameValue } from '../checkpoint-metadata.ts';
import { checkSettings, type Hyperparameters, type RunSettings } from '../session/settings.ts';

/** They decide how far the run goes, what it leaves on disk and where it is computed, not what (save for the schedule’s end and last bits). */
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
  'recompute',
  'exchange',
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

/** What is said anew of a run; what is absent stays. */
export type Told = Partial<
  Pick<RunSettings, 'model' | 'recipe' | 'init' | 'data' | 'threads' | 'library'>
> & {
  readonly hyperparameters: Partial<Hyperparameters>;
};

/**
 * The settings of a resumed run; an `OctavoError` (exit code 2) names what differs and must not. `rescued`: it goes on from
 * the last good state before a value that is not finite.
 */
export function resumedSettings(
  before: RunSettings,
  told: Told,
  folder: string,
  rescued = false,
): RunSettings {
  const fail = (key: string, got: unknown, expected: unknown): never => {
    throw new OctavoError(
      `[run] ${folder} began with another ${key}: got ${quoted(got)}, expected ${quoted(expected)}; leave it out, or start a new run in another --out`,
      { exitCode: 2 },
    );
  };
  const { model = before.model, recipe = before.recipe, data = before.data } = told;
  if (!sameValue(model.config, before.model.config)) fail('model', model.name, before.model.name);
  if (told.init !== undefined && told.init !== before.init) fail('init', told.init, before.init ?? 'none');
  if (!rescued && !sameValue(recipe, before.recipe)) fail('recipe', recipe.name, before.recipe.name);
  for (const key of ['train', 'heldOut', 'tokenizer', 'textField'] as const) {
    if (!sameValue(data[key], before.data[key]))
      fail(`data.${key}`, data[key], before.data[key] ?? 'the default');
  }
  for (const [name, value] of Object.entries(told.hyperparameters)) {
    const key = name as keyof Hyperparameters;
    const free = FREE.has(key) || (rescued && FREE_AFTER_FAILURE.has(key));
    if (!free && value !== before.hyperparameters[key]) fail(key, value, before.hyperparameters[key]);
  }
  return checkSettings({
    ...before,
    recipe,
    hyperparameters: { ...before.hyperparameters, ...told.hyperparameters },
    threads: told.threads ?? before.threads,
    library: told.library ?? before.library,
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
