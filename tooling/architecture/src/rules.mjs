/** @file The rules of the house: each takes the house and says, in a line each, where it is broken. */
import { circlesOf } from './circles.mjs';
import { floorOf, mayImport } from './floors.mjs';

/** @typedef {import('./house.mjs').House} House @typedef {import('./house.mjs').Package} Package */

/** Lines of a file that needs no reason for being so long. */
export const LONG = 250;
/** What opens that reason, in the comment at the file's head. */
export const REASON = 'In one file because';

/** No file reaches itself through what it imports, types included. @param {House} house */
export const circles = ({ files }) =>
  circlesOf(new Map(files.map(({ path, imports }) => [path, imports]))).map((circle) => circle.join(' ⇄ '));

/** Every package stands on a floor of the plan. @param {House} house */
export const homeless = ({ packages }) =>
  packages.flatMap(({ name, folder }) =>
    floorOf(name) < 0 ? [`${folder} stands on no floor of the plan`] : [],
  );

/** A package's sources import from floors below its own, and by a package's name. @param {House} house */
export const climbs = (house) =>
  crossings(house).flatMap(({ path, from, to, other }) => {
    if (!mayImport(from.name, to.name)) return [`${path} climbs to ${to.name}`];
    return other.endsWith('/index.ts') ? [] : [`${path} reaches into ${other}`];
  });

/** A manifest names the packages of ours that the sources import, and no other. @param {House} house */
export const manifests = (house) =>
  house.packages.flatMap(({ name, folder, declared }) => {
    const used = new Set(crossings(house).flatMap(({ from, to }) => (from.name === name ? to.name : [])));
    return [
      ...[...used]
        .filter((other) => !declared.includes(other))
        .map((other) => `${folder} does not declare ${other}`),
      ...declared
        .filter((other) => !used.has(other))
        .map((other) => `${folder} declares ${other} without a use`),
    ];
  });

/** Nothing outside an app imports its files. @param {House} house */
export const guests = ({ files }) =>
  files.flatMap(({ path, imports }) =>
    imports
      .filter((other) => other.startsWith('apps/') && folderOf(other) !== folderOf(path))
      .map((other) => `${path} imports an app: ${other}`),
  );

/** A file of `src` or `assembly` is of one idea, or says at its head why it is long. @param {House} house */
export const long = ({ files }) =>
  files.flatMap(({ path, lines, head }) =>
    /\/(src|assembly)\//.test(path) && lines > LONG && !head.replace(/\s*\*\s*|\s+/g, ' ').includes(REASON)
      ? [`${path} has ${lines} lines, more than ${LONG}, and no "${REASON} …" in its @file comment`]
      : [],
  );

/** Imports of one package's `src` in another's. @param {House} house */
function crossings({ packages, files }) {
  const owner = (/** @type {string} */ path) =>
    packages.find(({ folder }) => path.startsWith(`${folder}/src/`));
  return files.flatMap(({ path, imports }) => {
    const from = owner(path);
    return imports.flatMap((other) => {
      const to = owner(other);
      return from && to && from !== to ? [{ path, other, from, to }] : [];
    });
  });
}

/** @param {string} path */
const folderOf = (path) => path.split('/').slice(0, 2).join('/');
