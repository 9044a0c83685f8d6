import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testReadme } from '../../../tooling/vitest/readme-examples.ts';
import { llamaConfigs } from '../src/index.ts';

testReadme(import.meta.url);

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/ +/g, ' ');

describe('README', () => {
  it.each(Object.entries(llamaConfigs))('lists %s as it is', (name, c) => {
    const row = `| \`${name}\` | ${c.hiddenSize} | ${c.layers} | ${c.heads} (${c.keyValueHeads}) | ${c.ffnSize} | ${c.contextLength} | ${c.vocabularySize} |`;
    expect(readme).toContain(row);
  });
});
