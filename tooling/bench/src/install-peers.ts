/**
 * @file Installs the libraries to compare with into a folder of their own (some 360 MB), apart from the workspace.
 *
 *     pnpm bench:peers
 *
 * PyTorch comes from the system: `apt-get install python3-torch libopenblas0-pthread` on Debian.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './catalog.ts';
import { peersFolder } from './peers/load.ts';

mkdirSync(peersFolder, { recursive: true });
const manifest = { name: 'octavo-bench-peers', private: true, dependencies: packages };
writeFileSync(join(peersFolder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
  cwd: peersFolder,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.stderr.write(
  'PyTorch is the system’s: on Debian, apt-get install python3-torch libopenblas0-pthread\n',
);
process.exitCode = status ?? 1;
