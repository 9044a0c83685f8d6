/** @file Child processes of the set-up: their output is ours, and their failure is one line. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs a command in the repository's root and resolves to its exit code. Signals are passed on (a child that the
 * terminal interrupts as well takes two close together for one), and we outlive the child: it may save what it has.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string, quiet?: boolean }} options
 * @returns {Promise<number>}
 */
export function runCommand(command, args, { env = {}, cwd = root, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      // What a quiet child says is kept, and shown if it fails.
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      shell: process.platform === 'win32' && command === 'npx', // npx is a .cmd file there
    });
    /** @type {Buffer[]} */
    const said = [];
    child.stdout?.on('data', (data) => said.push(data));
    child.stderr?.on('data', (data) => said.push(data));
    const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    // A shell between npm and us keeps npm's SIGTERM for itself and leaves us behind: that is one for us too.
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch); // once: a second signal would mean "at once"
      pass('SIGTERM');
    }, 500);
    process.on('SIGINT', pass);
    process.on('SIGTERM', pass);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
      if (quiet && code !== 0) process.stderr.write(Buffer.concat(said));
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
