/**
 * @file A folder outside the workspace with every public package in it as an installer leaves it: packed, unpacked,
 * nothing of the workspace in sight. Other libraries are links to those that the workspace has installed, each where
 * the package that declares it finds it and nobody else: an import that package.json does not declare fails.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Folders of the workspace's public packages. */
export const publicPackages: readonly string[] = ['packages', 'apps']
  .flatMap((parent) => readdirSync(join(repository, parent)).map((name) => join(repository, parent, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')) && manifestOf(folder).private !== true);

/** The installed folder of `name` as a module in `from` finds it. */
export function findPackage(from: string, name: string): string | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return realpathSync(folder);
  return dirname(from) === from ? undefined : findPackage(dirname(from), name);
}

/** Makes `name`, as `from` has it, a package of the folder `into`. */
export function linkPackage(into: string, from: string, name: string): void {
  const target = findPackage(from, name);
  if (target === undefined) return; // an optional one that this platform has not
  const link = join(into, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link, 'junction');
}

/** Packs and unpacks all public packages; resolves to the folder, which `removeConsumer` removes. */
export async function installConsumer(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'octavo-consumer-')));
  const { packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  const filters = publicPackages.map((path) => `--filter=${manifestOf(path).name}`);
  const tarballs = join(folder, 'tarballs');
  await run('npx', ['-y', packageManager, '-r', ...filters, 'pack', '--pack-destination', tarballs], {
    cwd: repository,
    env: { ...process.env, npm_config_prefer_offline: 'true' },
    maxBuffer: 2 ** 26,
  });
  for (const path of publicPackages) {
    const { name, version, dependencies, optionalDependencies } = manifestOf(path);
    const into = join(folder, 'node_modules', name);
    mkdirSync(into, { recursive: true });
    const tarball = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    await run('tar', ['-xzf', join(tarballs, tarball), '-C', into, '--strip-components=1']);
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies }))
      if (!other.startsWith('@octavo/')) linkPackage(into, path, other);
  }
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  return folder;
}

export const removeConsumer = (folder: string): void => rmSync(folder, { recursive: true, force: true });
