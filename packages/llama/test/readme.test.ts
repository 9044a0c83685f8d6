import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countParameters, llamaConfigs } from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('README', () => {
  it.each(Object.entries(llamaConfigs))('lists %s as it is', (name, c) => {
    const row = `| \`${name}\` | ${c.hiddenSize} | ${c.layers} | ${c.heads} (${c.keyValueHeads}) | ${c.ffnSize} | ${c.contextLength} | ${c.vocabularySize} |`;
    expect(readme).toContain(row);
  });

  it('counts the parameters of stories15m', () => {
    expect(readme).toContain(`${countParameters(llamaConfigs.stories15m!).toLocaleString('en-US')}`);
  });
});
