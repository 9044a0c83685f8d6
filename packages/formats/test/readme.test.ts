import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { testReadme } from '../../../tooling/vitest/readme-examples.ts';
import { formats } from '../src/index.ts';

testReadme(import.meta.url);

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the table of formats names them all, with their largest values', () => {
  for (const format of Object.values(formats)) {
    const row = readme.split('\n').find((line) => line.includes(`\`${format.name}\``));
    expect(row, format.name).toBeDefined();
    if (format.bits <= 8 && format.signed) expect(row?.split(/ *\| */)).toContain(String(format.max));
  }
});
