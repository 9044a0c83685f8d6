/** @file What installing a package brings: itself and all that it needs in production, once each, with its bytes. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPackage, type Manifest, manifestOf } from './install.ts';

export interface Installed {
  readonly manifest: Manifest;
  /** Of its own files, as they are, not in blocks of a disk. */
  readonly bytes: number;
}

/** The package in `folder` first; optional dependencies where they are installed; optional peers not at all. */
export function installedTree(folder: string): readonly Installed[] {
  const found = new Map<string, Installed>();
  const visit = (at: string): void => {
    if (found.has(at)) return;
    const manifest = manifestOf(at);
    found.set(at, { manifest, bytes: bytesOf(at) });
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const other = findPackage(at, name);
      if (other !== undefined) visit(other);
      else if (manifest.optionalDependencies?.[name] === undefined)
        throw new Error(`${manifest.name} needs ${name}, which is not installed`);
    }
  };
  visit(folder);
  return [...found.values()];
}

export const megabytes = (tree: readonly Installed[]): number =>
  tree.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;

function bytesOf(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') sum += bytesOf(path);
    else if (entry.isFile()) sum += lstatSync(path).size;
  }
  return sum;
}
