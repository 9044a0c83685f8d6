/** @file `npm test`: installs, builds, tests; the last line printed is `N passed, N failed`. Arguments go to vitest. */
import { requireNode } from './node-version.mjs';

requireNode();
const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
const { tmpdir } = await import('node:os');
const { join } = await import('node:path');
const { prepare } = await import('./prepare.mjs');
const { root, runCommand } = await import('./command.mjs');
const { countsLine } = await import('../test-reporter/counts.mjs');

await prepare();
const folder = mkdtempSync(join(tmpdir(), 'octavo-test-'));
const file = join(folder, 'counts.json');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const reporters = ['--reporter=default', '--reporter=./tooling/test-reporter/counts-reporter.mjs'];
const code = await runCommand(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], {
  env: { OCTAVO_TEST_COUNTS: file },
});

let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  counts = JSON.parse(readFileSync(file, 'utf8'));
} catch {
  console.error('octavo: vitest ended without a result; what it said is above');
}
rmSync(folder, { recursive: true, force: true });
// A run that vitest calls failed is never reported as all passed, whatever the reason.
if (code !== 0 && counts.failed === 0) counts = { ...counts, failed: 1 };
process.exitCode = code || (counts.failed > 0 ? 1 : 0);
console.log(countsLine(counts));
