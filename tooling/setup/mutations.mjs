/** @file A package's `mutations` script: its drill of mutated files with 100,000 mutations a format, in any shell. */
import { join } from 'node:path';
import { root, runCommand } from './command.mjs';

process.exitCode = await runCommand(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)],
  { env: { OCTAVO_MUTATIONS: '100000' } },
);
