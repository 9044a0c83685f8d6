/** @file The model that a configuration means, and what to call it. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { type LlamaConfig, llamaConfigOf, llamaConfigs, validateConfig } from '@octavo/llama';
import type { NamedModel } from '@octavo/trainer';
import { modelShape } from '@octavo/trainer/record';
import { check } from './check.ts';
import type { Config } from './schema.ts';
import { didYouMean } from './suggest.ts';

/** A name wins over a file of that name; what looks like a path has to exist. */
export async function resolveModel(model: NonNullable<Config['model']>, folder: string): Promise<NamedModel> {
  if (typeof model !== 'string') return { name: 'custom', config: validateConfig(model) };
  if (Object.hasOwn(llamaConfigs, model)) return { name: model, config: llamaConfigOf(model) };
  const path = resolve(folder, model);
  if (existsSync(path)) return { name: nameOf(model), config: await readModel(path, model) };
  if (/[./\\]/.test(model))
    throw new OctavoError(`[config] model: got "${model}", expected a JSON file that exists`, {
      exitCode: 2,
    });
  const names = Object.keys(llamaConfigs);
  throw new OctavoError(
    `[config] unknown model: got "${model}"${didYouMean(model, names)}, expected one of ${names.join(', ')}, or a JSON file`,
    { exitCode: 2 },
  );
}

/** A file's name as a part of a run's: what could lead elsewhere, or steer a terminal, is left out. */
export const nameOf = (file: string): string =>
  basename(file)
    .replace(/\.json$/, '')
    .replace(/[^\p{L}\p{N}\p{M}._+-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 100) || 'custom';

async function readModel(path: string, name: string): Promise<LlamaConfig> {
  let value: unknown;
  try {
    value = JSON.parse(await readTextFile(path, 'model'));
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    throw new OctavoError(
      `[config] model ${name}: ${(cause as Error).message}, expected JSON with the model's shape`,
      { cause, exitCode: 2 },
    );
  }
  return validateConfig(check(modelShape, value, `model ${name}`));
}
