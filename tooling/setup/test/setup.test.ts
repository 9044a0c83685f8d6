import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

test('every package has an initial changeset', () => {
  const names = (folder: string): string[] =>
    execFileSync('ls', [join(root, folder)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((name) => JSON.parse(readFileSync(join(root, folder, name, 'package.json'), 'utf8')).name);
  const changesets = execFileSync('sh', ['-c', `cat ${JSON.stringify(join(root, '.changeset'))}/*.md`], {
    encoding: 'utf8',
  });
  const versions = [...names('packages'), ...names('apps')];
  expect(versions.length).toBeGreaterThanOrEqual(12);
  for (const name of versions) expect(changesets).toContain(`'${name}': minor`);
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
