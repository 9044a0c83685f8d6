/** @file The house as a picture: a Mermaid diagram of its floors, and of what stands on what. */
import { floors } from './floors.mjs';

/** @typedef {import('./house.mjs').Package} Package */

/** Of the fenced diagram in a text. */
export const FENCED = /```mermaid\n([\s\S]*?)```/;

/**
 * A floor a box, the top one first. An arrow goes from a package to one that it imports, if it does not reach it by
 * another way, too.
 * @param {readonly Package[]} packages
 */
export function pictureOf(packages) {
  const needs = new Map(packages.map(({ name, declared }) => [name, declared]));
  const boxes = floors
    .map((names, floor) => [floor, names.filter((name) => needs.has(name))])
    .filter(([, names]) => names.length > 0)
    .map(([floor, names]) => boxOf(floor, names))
    .reverse();
  const arrows = floors.flat().flatMap((name) =>
    (needs.get(name) ?? [])
      .filter((other) => !needs.get(name)?.some((between) => reaches(needs, between, other)))
      .sort()
      .map((other) => `  ${name} --> ${other}\n`),
  );
  return `flowchart TB\n${boxes.join('')}${arrows.join('')}`;
}

/** @param {number} floor @param {readonly string[]} names */
const boxOf = (floor, names) =>
  `  subgraph floor${floor + 1}["${floor === floors.length - 1 ? 'top' : `floor ${floor + 1}`}"]\n` +
  names.map((name) => `    ${name}\n`).join('') +
  '  end\n';

/** Whether `from` stands on `to`, by itself or through others. @type {(needs: ReadonlyMap<string, readonly string[]>, from: string, to: string) => boolean} */
function reaches(needs, from, to) {
  return (needs.get(from) ?? []).some((next) => next === to || reaches(needs, next, to));
}
