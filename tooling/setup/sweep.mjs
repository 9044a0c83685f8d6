/** @file Before a package is packed: removes what was built from sources that are gone, which tsc leaves behind. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Removes and returns the stale files of a package's dist/, as paths in it.
 * @param {string} folder the package's
 */
export function sweep(folder) {
  const dist = join(folder, 'dist');
  const stale = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => {
    const [, name] = /^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? [];
    return name !== undefined && !existsSync(join(folder, 'src', `${name}.ts`));
  });
  for (const file of stale) rmSync(join(dist, file));
  return stale;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) sweep(process.cwd());
