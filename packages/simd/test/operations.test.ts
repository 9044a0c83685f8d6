// @module-tag slow
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('bench/operations.mjs still finds every loop that it counts', () => {
  const script = fileURLToPath(new URL('../bench/operations.mjs', import.meta.url));
  const table = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  expect(table.match(/│ [\d.]+ +│ (16|32) +│ [\d.]+ +│/g)).toHaveLength(6);
}, 30_000);
