/** @file One fault, one run of the tests: does any of them fail? */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const config = 'tooling/mutation/vitest.config.mjs';

/** Milliseconds; a fault that makes a loop endless is seen by that. */
const PATIENCE = 240_000;

/**
 * True if the tests fail with the fault in place (null: as the code stands).
 * @param {import('./mutants.mjs').Mutant | null} mutant
 * @param {readonly string[]} tests
 * @returns {Promise<boolean>}
 */
export function isSeen(mutant, tests) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [vitest, 'run', '--config', config, '--silent', '--reporter=dot', ...tests],
      {
        cwd: root,
        env: { ...process.env, ...(mutant && { OCTAVO_MUTANT: JSON.stringify(mutant) }) },
        stdio: 'ignore',
        detached: true, // its workers end with it
      },
    );
    const end = () => {
      try {
        process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL');
      } catch {} // nothing is left of it
    };
    const timer = setTimeout(end, PATIENCE);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      end();
      resolve(code !== 0);
    });
  });
}
