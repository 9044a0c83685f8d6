/** @file What a release says and ships: lines of the changelogs, and no file whose source is gone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../install.ts';

interface Changelog {
  getReleaseLine(changeset: { summary: string }): Promise<string>;
  getDependencyReleaseLine(
    changesets: unknown,
    updated: { name: string; newVersion: string }[],
  ): Promise<string>;
}

it('a changelog has a line for new versions beneath, and none where there are none', async () => {
  const config = JSON.parse(readFileSync(join(repository, '.changeset/config.json'), 'utf8'));
  const path = join(repository, '.changeset', config.changelog);
  const { getReleaseLine, getDependencyReleaseLine } = createRequire(import.meta.url)(path) as Changelog;
  expect(await getReleaseLine({ summary: 'One.\n\nMore of it.\n' })).toBe('- One.\n\n  More of it.');
  expect(await getDependencyReleaseLine([], [])).toBe('');
  const updated = ['formats', 'nn'].map((name) => ({ name: `@octavo/${name}`, newVersion: '0.2.0' }));
  expect(await getDependencyReleaseLine([], updated)).toBe(
    '- Stands on @octavo/formats 0.2.0, @octavo/nn 0.2.0.',
  );
  expect(config.privatePackages).toEqual({ version: false, tag: false });
});

it('packing leaves out what was built from sources that are gone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-sweep-'));
  try {
    for (const part of ['src/a', 'dist/a']) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'src/a/here.ts'), '');
    const built = ['here', 'gone'].flatMap((name) =>
      ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => name + end),
    );
    for (const file of built) writeFileSync(join(folder, 'dist/a', file), '');
    execFileSync(process.execPath, [join(repository, 'tooling/setup/sweep.mjs')], { cwd: folder });
    expect(built.filter((file) => existsSync(join(folder, 'dist/a', file)))).toEqual(
      built.filter((file) => file.startsWith('here')),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
