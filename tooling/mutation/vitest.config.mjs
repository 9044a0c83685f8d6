/** @file The tests' configuration with one fault planted: the file that `OCTAVO_MUTANT` names is served with it. */
import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';
import { plant } from './src/mutants.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const mutant = process.env.OCTAVO_MUTANT ? JSON.parse(process.env.OCTAVO_MUTANT) : null;

export default mergeConfig(base, {
  root,
  plugins: [
    {
      name: 'octavo-mutant',
      enforce: 'pre',
      /** @param {string} source @param {string} id */
      transform: (source, id) => (mutant && id === `${root}${mutant.file}` ? plant(mutant, source) : null),
    },
  ],
  test: { bail: 1, testTimeout: 20_000, fileParallelism: false },
});
