import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { mutantsOf, plant } from '../src/mutants.mjs';
import { pick } from '../src/sample.mjs';
import { targets } from '../src/targets.mjs';

const planted = (source: string): string[] =>
  mutantsOf('file.ts', source).map((mutant) => plant(mutant, source));

it('plants one slip of the pen at a time', () => {
  expect(planted('const x = a * b + 1;')).toEqual([
    'const x = a * b - 1;',
    'const x = a / b + 1;',
    'const x = a * b + 2;',
  ]);
  expect(planted('if (i < n) f(i);')).toEqual([
    'if (true) f(i);',
    'if (false) f(i);',
    'if (i <= n) f(i);',
    'if (i < n) ;',
  ]);
  expect(planted('const most = Math.max(...all);')).toEqual(['const most = Math.min(...all);']);
});

it('leaves types, words and what errors say alone', () => {
  expect(
    planted(
      `type T = 1 | 2; const text = 'a' + \`b\${c + d}\`; const no = () => fail(\`\${a + 1}\`); throw new OctavoError('x', 1);`,
    ),
  ).toEqual([]);
});

it('draws the same faults for the same seed, others for another', () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  expect(pick(items, 10, 1)).toEqual(pick(items, 10, 1));
  expect(pick(items, 10, 1)).not.toEqual(pick(items, 10, 2));
  expect(new Set(pick(items, 10, 1)).size).toBe(10);
});

it.each(targets.flatMap(({ files }) => files))('%s is there', (file) => {
  expect(existsSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)))).toBe(true);
});
