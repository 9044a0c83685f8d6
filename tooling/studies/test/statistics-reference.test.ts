import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { statisticsReference } from '../src/statistics-reference.ts';

test('docs/statistics.md is what the schemas say; `pnpm --filter @octavo/studies statistics-reference` writes it', () => {
  expect(readFileSync(new URL('../../../docs/statistics.md', import.meta.url), 'utf8')).toBe(
    statisticsReference(),
  );
});
