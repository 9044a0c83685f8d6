/** @file PyTorch from PyPI in an environment of its own, beside the peers from npm. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder } from './peers/load.ts';

const environment = join(peersFolder, 'python');
const windows = process.platform === 'win32';
const own = join(environment, ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));

/** The one with PyTorch: that of `pnpm bench:peers`, else the system's, to which Debian's `python3-torch` belongs. */
export function interpreter(): string {
  return [own, '/usr/bin/python3'].find((path) => existsSync(path)) ?? 'python3';
}

/** What is installed there, with the version that the comparison was written for. */
export const pythonPackages: readonly string[] = ['torch==2.15.0', 'numpy>=1.26'];

const run = (file: string, ...args: string[]): SpawnSyncReturns<Buffer> =>
  spawnSync(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });

/** Makes the environment and fills it; says in one line what stands against it, or null. */
export function installPython(): string | null {
  const python = [windows ? 'python' : 'python3', 'python'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (python === undefined) return 'PyTorch is left out: no Python (python3) was found';
  if (!existsSync(own) && run(python, '-m', 'venv', environment).status !== 0)
    return `PyTorch is left out: ${python} -m venv failed (on Debian, apt-get install python3-venv)`;
  // its build for CPUs, a fifth of the other, comes before it where that index is within reach
  const from = ['--extra-index-url', 'https://download.pytorch.org/whl/cpu', '--retries', '1'];
  const how = ['--quiet', '--no-input', '--disable-pip-version-check', ...from];
  if (run(own, '-m', 'pip', 'install', ...how, ...pythonPackages).status === 0) return null;
  return `PyTorch is left out: pip could not install ${pythonPackages.join(' and ')}`;
}
