import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { testReadme } from '../../../tooling/vitest/readme-examples.ts';
import { recipes } from '../src/index.ts';

testReadme(import.meta.url);

test.each(['../README.md', '../../../README.md'])('%s has a row for every recipe', (file) => {
  const rows = readFileSync(new URL(file, import.meta.url), 'utf8').match(/^\| `.*$/gm) ?? [];
  for (const name of Object.keys(recipes))
    expect(
      rows.some((row) => row.split('|')[1]!.includes(`\`${name}\``)),
      name,
    ).toBe(true);
});
