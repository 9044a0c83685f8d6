/** @file The README's examples run, and say what their comments claim. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const folder = mkdtempSync(fileURLToPath(new URL('./.readme-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);

test('there are examples', () => expect(blocks.length).toBeGreaterThan(0));

test.each(blocks.map((code, i) => [i, code] as const))('example %i', async (i, code) => {
  const lines: string[] = [];
  const file = `${folder}/example-${i}.ts`;
  writeFileSync(
    file,
    `const log: string[] = [];\n${code.replaceAll('console.log(', 'print(log, ')}\nexport { log };
function print(to: string[], ...values: unknown[]) { to.push(values.join(' ')); }\n`,
  );
  const { log } = (await import(file)) as { log: string[] };
  for (const match of code.matchAll(/console\.log\(.*\);? *\/\/ (.*)/g)) lines.push(match[1]!);
  expect(lines.length).toBeGreaterThan(0);
  expect(log).toEqual(lines);
});
