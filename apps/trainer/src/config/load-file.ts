/** @file A configuration file in TypeScript, JavaScript, JSON, YAML or TOML, read as one value: nothing else is looked up or merged in. */
import { statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { readTextFile } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { llamaConfigs } from '@octavo/llama';
import { absolute, addressOf } from '@octavo/store';
import { check } from './check.ts';
import { checkExtent } from './extent.ts';
import { libraryFrom, modelFrom, tokenizerFrom } from './places.ts';
import { type Config, configSchema } from './schema.ts';

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.json', '.yaml', '.yml', '.toml'];

/** Reads and checks it; its relative paths count from its folder. */
export async function loadConfigFile(file: string): Promise<Config> {
  const { folder, value } = await readConfigFile(file);
  return withPathsFrom(folder, check(configSchema, value, file));
}

/** A file that ends as a configuration does. */
export const isConfigFile = (file: string): boolean => EXTENSIONS.includes(extname(file));

/** What it says, whatever that is, and the folder it lies in. */
export async function readConfigFile(file: string): Promise<{ folder: string; value: unknown }> {
  const path = resolve(file);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new OctavoError(
      `[config] no such file: got "${file}", expected a configuration in ${EXTENSIONS.join(', ')}`,
      { exitCode: 2 },
    );
  }
  if (!isConfigFile(path)) {
    throw new OctavoError(
      `[config] ${file}: got a file ending in "${extname(path)}", expected ${EXTENSIONS.join(', ')}`,
      { exitCode: 2 },
    );
  }
  return { folder: dirname(path), value: await read(path, file) };
}

/** Languages that are data; a file in any other is a program, and is run. */
const LANGUAGES: Readonly<Record<string, () => Promise<(text: string) => unknown>>> = {
  '.json': async () => JSON.parse,
  '.yaml': async () => (await import('confbox')).parseYAML,
  '.yml': async () => (await import('confbox')).parseYAML,
  '.toml': async () => (await import('confbox')).parseTOML,
};

async function read(path: string, file: string): Promise<unknown> {
  try {
    const language = LANGUAGES[extname(path)];
    if (language === undefined) return await runProgram(path);
    const text = await readTextFile(path, 'configuration', { largest: 2 ** 20 });
    return checkExtent((await language())(text));
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    const [line] = String((cause as Error).message ?? cause).split('\n');
    throw new OctavoError(`[config] ${file} cannot be read: ${line}`, { cause, exitCode: 2 });
  }
}

/** What a TypeScript or JavaScript module exports. */
async function runProgram(path: string): Promise<unknown> {
  const { loadConfig } = await import('c12'); // only those with a file wait for it
  const { layers } = await loadConfig({
    cwd: dirname(path),
    configFile: path,
    rcFile: false,
    globalRc: false,
    packageJson: false,
    dotenv: false,
    extend: false,
    giget: false,
    envName: false,
    merger: (...sources: unknown[]) =>
      sources.find((source) => source !== undefined) as Record<string, unknown>,
  });
  return layers?.[0]?.config;
}

/** All that names a file counts from the folder of the configuration, not from where the command was given. */
function withPathsFrom(folder: string, config: Config): Config {
  const { data, model, init, out, library } = config;
  const list = (paths: string | string[]): string[] => [paths].flat().map((path) => resolve(folder, path));
  return {
    ...config,
    ...(out === undefined ? {} : { out: absolute(addressOf(out), folder) }),
    ...(init === undefined ? {} : { init: absolute(addressOf(init), folder) }),
    ...(library === undefined ? {} : { library: libraryFrom(folder, library) }),
    ...(typeof model === 'string' ? { model: modelFrom(folder, model, Object.keys(llamaConfigs)) } : {}),
    ...(data && {
      data: {
        ...data,
        train: list(data.train),
        ...(data.heldOut === undefined || typeof data.heldOut === 'number'
          ? {}
          : { heldOut: list(data.heldOut) }),
        ...(data.tokenizer === undefined ? {} : { tokenizer: tokenizerFrom(folder, data.tokenizer) }),
      },
    }),
  };
}
