import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runCommand } from '../command.mjs';
import { isOldNode } from '../node-version.mjs';
import { PNPM } from '../prepare.mjs';

test.each([
  ['18.20.4', true],
  ['20.18.3', true],
  ['20.19.0', false],
  ['20.20.2', false],
  ['22.0.0', false],
  ['24.1.0', false],
])('Node %s is too old: %s', (version, old) => {
  expect(isOldNode(version)).toBe(old);
});

test('an old Node is refused in one line, with exit code 2', () => {
  const code = `import { requireNode } from ${JSON.stringify(join(root, 'tooling/setup/node-version.mjs'))}; requireNode('18.0.0'); console.log('went on')`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^octavo: Node is too old: got 18\.0\.0, expected 20\.19 or newer.*\n$/);
});

test('the set-up installs with the package manager that package.json names', () => {
  const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(packageManager).toBe(PNPM);
  expect(engines.node).toBe('>=20.19');
});

test('a command’s exit code comes through, also one that a signal ended', async () => {
  expect(await runCommand(process.execPath, ['-e', 'process.exit(3)'])).toBe(3);
  expect(await runCommand(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")'])).toBe(128 + 9);
});

const inFolders = (...folders: string[]) =>
  folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)));
const manifests = [root, ...inFolders('packages', 'apps', 'tooling')]
  .map((folder) => join(folder, 'package.json'))
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));

test('every package has an initial changeset', () => {
  const published = manifests.filter((manifest) => manifest.private !== true);
  const changesets = inFolders('.changeset').filter((file) => file.endsWith('.md'));
  const said = changesets.map((file) => readFileSync(file, 'utf8')).join('\n');
  expect(published.length).toBeGreaterThanOrEqual(12);
  for (const { name } of published) expect(said).toContain(`'${name}': minor`);
});

/** What no shell but POSIX's reads: quotes, variables, patterns, several commands but by &&, and its own programs. */
const posix = (script: string): boolean =>
  /['"$`*;|~]|(^|&& )\w+=/.test(script) ||
  script.split('&&').some((command) => !/^ ?(node|tsc|turbo|vitest|biome|changeset)( |$)/.test(command));

test('no script rests on a POSIX shell', () => {
  const scripts = manifests.flatMap((manifest) => Object.values<string>(manifest.scripts ?? {}));
  expect(scripts.length).toBeGreaterThan(30);
  expect(scripts.filter((script) => posix(script))).toEqual([]);
  for (const planted of [
    'tsc -b; node a.mjs',
    'A=1 node a.mjs',
    'rm -rf dist',
    "node -e '1'",
    'tsc -b && cp a b',
    'node $A',
  ])
    expect(posix(planted)).toBe(true);

  const setUp = inFolders('tooling/setup', 'tooling/test-reporter').filter((file) => file.endsWith('.mjs'));
  expect(setUp.length).toBeGreaterThan(6);
  for (const file of setUp)
    expect(readFileSync(file, 'utf8')).not.toMatch(
      /['"`](sh|bash|ls|cat|rm|cp|mv|mkdir|chmod|\/bin\/.*)['"`]/,
    );
});

test.skipIf(process.platform === 'win32')(
  'a command whose parent shell is gone is asked to end, once',
  async () => {
    // The innermost process says what it got; its parent, ours, loses its own parent: the shell, which dies of SIGTERM.
    const inner = `process.on('SIGTERM', () => { console.log('TERM'); setTimeout(() => process.exit(0), 1500); }); console.log('up'); setInterval(() => {}, 1000);`;
    const outer = `import { runCommand } from ${JSON.stringify(join(root, 'tooling/setup/command.mjs'))}; await runCommand(process.execPath, ['-e', ${JSON.stringify(inner)}]);`;
    const shell = spawn('sh', ['-c', `"$0" --input-type=module -e "$1"; true`, process.execPath, outer], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const text of shell.stdout.setEncoding('utf8')) {
      said += text;
      if (said === 'up\n') shell.kill('SIGTERM');
    }
    expect(said).toBe('up\nTERM\n');
  },
);
