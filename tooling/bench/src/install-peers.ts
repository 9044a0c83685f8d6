/**
 * @file Installs the libraries to compare with into a folder of their own, apart from the workspace: packages of npm
 * (some 1.1 GB), and PyTorch from PyPI (its build for CPUs 1 GB, else 5 GB). What cannot be installed is said, and left out.
 *
 *     pnpm bench:peers
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './catalog.ts';
import { peersFolder } from './peers/load.ts';
import { installPython } from './python.ts';

mkdirSync(peersFolder, { recursive: true });
const manifest = { name: 'octavo-bench-peers', private: true, dependencies: packages };
writeFileSync(join(peersFolder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
  cwd: peersFolder,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.stderr.write('The packages of npm are left out: npm install failed\n');
const missing = installPython();
if (missing !== null) process.stderr.write(`${missing}\n`);
process.exitCode = status === 0 || missing === null ? 0 : 1;
