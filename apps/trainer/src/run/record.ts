/** @file `run.json`: everything a run was told, with nothing left open, so that it can be repeated and resumed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { validateConfig } from '@octavo/llama';
import { type Recipe, validateRecipe } from '@octavo/nn';
import { writeFileAtomically } from '@octavo/store';
import { z } from 'zod';
import { check } from '../config/explain.ts';
import { fields, integer, number, text } from '../config/fields.ts';
import { modelShape } from '../config/model-schema.ts';
import { recipeShape } from '../config/recipe-schema.ts';
import { knobs } from '../config/schema.ts';
import { planOf, type Settings } from '../config/settings.ts';

export const RUN_FILE = 'run.json';

/** What is known of a run beside its settings; for people, nothing depends on it. */
export interface RunFacts {
  readonly octavo: string;
  readonly node: string;
  readonly started: string;
  readonly device: string;
  readonly parameters: number;
  readonly corpus: {
    readonly description: string;
    readonly trainTokens: number;
    readonly heldOutTokens: number;
  };
}

const settingsSchema = fields({
  model: fields({ name: text('a name'), config: modelShape }),
  recipe: recipeShape,
  data: fields({
    train: z.array(text('a path')).nullable(),
    validation: z.union([z.array(text('a path')), number(0, 0.5)]).nullable(),
    tokenizer: text('a tokenizer'),
    textField: text('the name of a key'),
  }),
  knobs: fields({ ...knobs, watch: knobs.watch.default('off') }), // runs from before there was a watch had none
  threads: integer(1).nullable(),
  blas: text('a library').default('off'), // runs from before there was a choice had none
  out: text('a folder').nullable(),
});

export async function writeRun(folder: string, settings: Settings, facts: RunFacts): Promise<void> {
  const record = { settings, plan: planOf(settings), facts };
  await writeFileAtomically(
    join(folder, RUN_FILE),
    new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`),
  );
}

/** What the run in `folder` computed on last, in words; null where it does not say. */
export async function deviceOfRun(folder: string): Promise<string | null> {
  const record = JSON.parse(await readFile(join(folder, RUN_FILE), 'utf8')) as { facts?: Partial<RunFacts> };
  return record.facts?.device ?? null;
}

/** The settings of the run in `folder`, checked as a configuration is. */
export async function readRun(folder: string): Promise<Settings> {
  const path = join(folder, RUN_FILE);
  let record: unknown;
  try {
    record = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new OctavoError(`[run] ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const settings = check(settingsSchema, (record as { settings?: unknown } | null)?.settings, path);
  return {
    ...settings,
    model: { ...settings.model, config: validateConfig(settings.model.config) },
    recipe: validateRecipe(settings.recipe as Recipe),
  };
}
