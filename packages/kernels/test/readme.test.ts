/** @file The README's examples run, and its table names every operator. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { testReadme } from '../../../tooling/vitest/readme-examples.ts';
import { fusedOperators, operators } from '../src/index.ts';

testReadme(import.meta.url);

it('names every operator', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const name of [...Object.keys(operators), ...Object.keys(fusedOperators)]) {
    expect(readme).toContain(`\`${name}\``);
  }
});
