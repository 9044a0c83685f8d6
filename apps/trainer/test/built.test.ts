// @module-tag slow
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const packages = ['packages', 'apps']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')))
  .map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest,
  }));

describe.concurrent('plain Node imports what was built', () => {
  test.each(packages.map(({ manifest, folder }) => [manifest.name, manifest, folder] as const))(
    '%s',
    async (name, { exports }, folder) => {
      for (const [entry, { types }] of Object.entries(exports)) {
        expect(existsSync(join(folder, types)), `${types} of ${name}`).toBe(true);
        const specifier = join(name, entry);
        const code = `import * as all from ${JSON.stringify(specifier)}; console.log(Object.keys(all).length)`;
        // From the package's own folder, where its name stands for its exports.
        const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code], {
          cwd: folder,
        });
        expect(stderr).toBe('');
        expect(Number(stdout)).toBeGreaterThan(0);
      }
    },
  );
});

test('the repository’s own octavo is the built command', async () => {
  const { stdout } = await run(join(root, 'node_modules/.bin/octavo'), ['--help'], { cwd: root });
  expect(stdout).toMatch(/^Usage: octavo/);
});
