/** @file The house as data: its packages, and every file of code in it, tests and tooling included. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * A file of code. `imports` are the files of the house and the packages that it names, types included.
 * @typedef {{ readonly path: string, readonly lines: number, readonly head: string, readonly imports: readonly string[] }} File
 * @typedef {{ readonly name: string, readonly folder: string, readonly declared: readonly string[] }} Package
 * @typedef {{ readonly packages: readonly Package[], readonly files: readonly File[] }} House
 */

const PARTS = ['packages', 'apps', 'tooling'];
const CODE = /\.(ts|mjs|js)$/;
const MADE = new Set(['node_modules', 'dist', 'fixtures', 'generated']);

/**
 * @param {string} root the repository's folder
 * @returns {House}
 */
export function readHouse(root) {
  const texts = new Map(
    PARTS.flatMap((part) => walk(root, part)).map((path) => [path, readFileSync(`${root}/${path}`, 'utf8')]),
  );
  const packages = ['packages', 'apps'].flatMap((part) =>
    readdirSync(`${root}/${part}`)
      .map((name) => `${part}/${name}`)
      .filter((folder) => existsSync(`${root}/${folder}/package.json`))
      .map((folder) => packageOf(folder, readFileSync(`${root}/${folder}/package.json`, 'utf8'))),
  );
  return houseOf(packages, texts);
}

/**
 * @param {readonly Package[]} packages
 * @param {ReadonlyMap<string, string>} texts by path
 * @returns {House}
 */
export function houseOf(packages, texts) {
  const known = new Set(texts.keys());
  return { packages, files: [...texts].map(([path, text]) => fileOf(path, text, packages, known)) };
}

/** @param {string} folder @param {string} manifest @returns {Package} */
export function packageOf(folder, manifest) {
  const { name, dependencies = {} } = JSON.parse(manifest);
  const declared = Object.keys(dependencies).filter((other) => other.startsWith('@octavo/'));
  return { name: short(name), folder, declared: declared.map(short) };
}

/** @param {string} path @param {string} text @param {readonly Package[]} packages @param {ReadonlySet<string>} known @returns {File} */
export function fileOf(path, text, packages, known) {
  // AssemblyScript decorates functions, which no other reader of TypeScript knows.
  const { module, comments, errors } = parseSync(path, text.replace(/^ *@\w+(\(.*\))?$/gm, ''));
  if (errors.length > 0) throw new Error(`${path} cannot be read: ${errors[0]?.message}`);
  const named = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ];
  return {
    path,
    lines: text.split('\n').length - 1,
    head: comments[0]?.value ?? '',
    imports: [...new Set(named)].flatMap((name) => resolve(path, name, packages, known) ?? []),
  };
}

/** The file of the house that an import means; undefined for a library. @type {(from: string, name: string, packages: readonly Package[], known: ReadonlySet<string>) => string | undefined} */
function resolve(from, name, packages, known) {
  const ours = /^@octavo\/([a-z]+)(?:\/([a-z-]+))?$/.exec(name);
  if (ours) {
    const folder = packages.find((each) => each.name === ours[1])?.folder;
    return folder && posix.join(folder, 'src', ours[2] ?? '.', 'index.ts');
  }
  if (!name.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), name);
  return [path, `${path}.ts`, path.replace(/\.js$/, '.ts')].find((each) => known.has(each));
}

/** @param {string} name */
const short = (name) => name.replace('@octavo/', '');

/** @param {string} root @param {string} folder @returns {string[]} */
function walk(root, folder) {
  return readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return MADE.has(entry.name) ? [] : walk(root, path);
    return CODE.test(entry.name) ? [path] : [];
  });
}
