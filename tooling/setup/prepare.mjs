/** @file Installs and builds whatever is missing or stale. A second run does next to nothing, and needs no network. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runCommand } from './command.mjs';

/** Kept equal to `packageManager` in package.json by a test. */
export const PNPM = 'pnpm@12.18.0';

const STAMP = join(root, 'node_modules', '.octavo-installed');
// prefer_offline: a pnpm that npx has fetched before is used without asking the registry, which may be out of reach.
const QUIET = {
  npm_config_prefer_offline: 'true',
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  npm_config_update_notifier: 'false',
  pnpm_config_update_notifier: 'false',
};

/** Exits the process with the failing command's code if a part fails. */
export async function prepare() {
  const wanted = installFingerprint();
  const installed = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted;
  if (!installed) {
    console.log(`Installing with ${PNPM} …`);
    await must('install', ['-y', PNPM, 'install', '--frozen-lockfile'], { quiet: false });
    writeFileSync(STAMP, wanted);
  }
  if (!installed || !existsSync(join(root, 'apps/trainer/dist/main.js'))) console.log('Building …');
  await must('build', ['-y', PNPM, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], {
    quiet: true,
  });
}

/** What an installation depends on: the lock file, and the platform whose binaries it fetched. */
function installFingerprint() {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}\n`;
}

/**
 * @param {string} what
 * @param {readonly string[]} args
 * @param {{ quiet: boolean }} options
 */
async function must(what, args, options) {
  const code = await runCommand('npx', args, { ...options, env: QUIET }).catch((error) => {
    console.error(`octavo: ${what}: npx did not start: ${error.message}; install npm 10 or newer`);
    return 1;
  });
  if (code === 0) return;
  console.error(`octavo: ${what} failed with exit code ${code}; what it said is above`);
  process.exit(code);
}
