/** @file The house's floors: a package imports only from floors below its own, and nothing imports an app. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const floors: readonly (readonly string[])[] = [
  ['formats', 'store'],
  ['scaling', 'kernels'],
  ['simd', 'nn', 'optim'],
  ['llama', 'data', 'evals', 'mpi'],
  ['trainer'],
  ['lab'],
  ['cli', 'dashboard'],
];
/** formats stands on nothing; all others of its floor may use its errors and formats. */
const FOUNDATION = 'formats';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const floorOf = (name: string) => floors.findIndex((floor) => floor.includes(name));

const folders = ['packages', 'apps']
  .flatMap((parent) => readdirSync(root + parent).map((name) => `${parent}/${name}`))
  .filter((folder) => existsSync(`${root}${folder}/package.json`));

const sourcesOf = (folder: string) =>
  readdirSync(`${root}${folder}/src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${root}${folder}/src/${file}`, 'utf8'));

describe.each(folders)('%s', (folder) => {
  const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));
  const name: string = manifest.name.replace('@octavo/', '');
  const imported = new Set(
    sourcesOf(folder).flatMap((source) =>
      [...source.matchAll(/(?:from|import\()\s*'@octavo\/([a-z]+)/g)].map((match) => match[1]!),
    ),
  );

  it('stands on a floor of the plan', () => expect(floorOf(name)).toBeGreaterThanOrEqual(0));

  it('imports from floors below its own only', () => {
    const allowed = (other: string) =>
      floorOf(other) < floorOf(name) || (other === FOUNDATION && name !== FOUNDATION);
    expect([...imported].filter((other) => other !== name && !allowed(other))).toEqual([]);
  });

  it('declares what it imports, and nothing of ours that it does not', () => {
    const declared = Object.keys(manifest.dependencies ?? {}).filter((d) => d.startsWith('@octavo/'));
    const self = `@octavo/${name}`;
    expect(
      [...imported]
        .map((other) => `@octavo/${other}`)
        .filter((d) => d !== self)
        .sort(),
    ).toEqual(declared.sort());
  });
});
