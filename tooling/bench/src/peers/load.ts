/** @file The folder that peers are installed in, and loading from it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const peersFolder = fileURLToPath(new URL('../../.peers/', import.meta.url));

const require = createRequire(join(peersFolder, 'package.json'));

/** A CommonJS package, as the caller says it looks like. */
export const load = <T>(name: string): T => require(name) as T;

/** A package of modules alone, by its entry. */
export const importPeer = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(require.resolve(name)).href)) as T;

export const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(join(peersFolder, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    }
  ).version;
