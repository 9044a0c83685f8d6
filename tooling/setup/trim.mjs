/**
 * @file Runs after an install: the webgpu package ships the binaries of five platforms, of which one can be used here.
 * Removing the others saves some 110 MB. The package store is untouched, so another install brings them back.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const store = fileURLToPath(new URL('../../node_modules/.pnpm', import.meta.url));
// The folder's name as webgpu/index.js makes it.
const ours = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;

for (const name of existsSync(store) ? readdirSync(store) : []) {
  if (!name.startsWith('webgpu@')) continue;
  const binaries = join(store, name, 'node_modules/webgpu/dist');
  if (!existsSync(join(binaries, ours))) continue;
  for (const platform of readdirSync(binaries)) {
    if (platform !== ours) rmSync(join(binaries, platform), { recursive: true, force: true });
  }
}
