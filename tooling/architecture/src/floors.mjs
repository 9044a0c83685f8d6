/** @file The plan of the house, from the ground up: a package imports only from floors below its own. */

/** @type {readonly (readonly string[])[]} */
export const floors = [
  ['formats', 'store'],
  ['scaling', 'kernels'],
  ['simd', 'nn', 'optim', 'data', 'mpi'],
  ['llama', 'evals'],
  ['trainer', 'exchange'],
  ['bench', 'report'],
  ['lab', 'plan'],
  ['cli', 'dashboard', 'playground'],
];

/** formats stands on nothing; the other of its floor may use its formats and its errors. */
const FOUNDATION = 'formats';

/** @param {string} name without `@octavo/`; −1 where the plan has no such package */
export const floorOf = (name) => floors.findIndex((floor) => floor.includes(name));

/** @param {string} name @param {string} other */
export const mayImport = (name, other) =>
  floorOf(other) < floorOf(name) || (other === FOUNDATION && name !== FOUNDATION);
