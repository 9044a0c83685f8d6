import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LOCK_FILE, lockFolder } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const made = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};

test('one holder at a time, told by name; it leaves nothing behind', () => {
  const path = made('one');
  const lock = lockFolder(path);
  expect(() => lockFolder(path)).toThrow(
    new RegExp(`one is in use: process ${process.pid} on \\S+ since \\d{4}-.* writes there`),
  );
  expect(lock.holds()).toBe(true);
  lock.release();
  lock.release();
  expect(lock.holds()).toBe(false);
  expect(existsSync(join(path, LOCK_FILE))).toBe(false);
  lockFolder(path).release();
});

test('what is left by a dead process, whatever it says, is no lock', () => {
  const path = made('left');
  for (const text of [
    '',
    '{',
    'null',
    JSON.stringify({ pid: process.pid, host: 'elsewhere', since: 'ever' }),
  ]) {
    writeFileSync(join(path, LOCK_FILE), text);
    lockFolder(path).release();
  }
});

test.each(['SIGKILL', 'SIGTERM'] as const)('a lock ends with its process: %s', async (signal) => {
  const path = made(signal);
  const store = new URL('../dist/index.js', import.meta.url).href;
  const code = `const { lockFolder } = await import(${JSON.stringify(store)}); lockFolder(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(() => lockFolder(path)).toThrow(new RegExp(`in use: process ${child.pid} on`));
  child.kill(signal);
  await ended;
  lockFolder(path).release();
});

test('it knows when the folder, or the lock file, has gone or been replaced', () => {
  const path = made('moved');
  const lock = lockFolder(path);
  renameSync(path, `${path}-away`);
  expect(lock.holds()).toBe(false);
  mkdirSync(path);
  const other = lockFolder(path);
  expect([lock.holds(), other.holds()]).toEqual([false, true]);
  lock.release(); // leaves the other's file alone
  expect(other.holds()).toBe(true);
  rmSync(join(path, LOCK_FILE));
  expect(other.holds()).toBe(false);
  other.release();
});
