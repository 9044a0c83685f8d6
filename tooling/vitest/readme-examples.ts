/** @file A README's examples run, and print what their comments say. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { examplesOf } from './examples.ts';

/**
 * Tests every ```ts block of the README beside `test/`: it runs as a module, and each `console.log(…); // TEXT` prints
 * exactly TEXT. Call it with the test's `import.meta.url`.
 */
export function testReadme(testUrl: string): void {
  const readme = readFileSync(new URL('../README.md', testUrl), 'utf8');
  const folder = mkdtempSync(fileURLToPath(new URL('./.readme-', testUrl)));
  afterAll(() => rmSync(folder, { recursive: true }));
  const examples = examplesOf(readme);

  describe('the examples of the README', () => {
    it('exist', () => expect(examples.length).toBeGreaterThan(0));

    it.each(examples.map((example, i) => [i + 1, example] as const))(
      'example %i prints what its comments say',
      async (i, { code, expected }) => {
        const file = `${folder}/example-${i}.ts`;
        const print =
          'function print(...values: unknown[]): void { printed.push(values.map(String).join(" ")); }';
        writeFileSync(
          file,
          `export const printed: string[] = [];\n${code.replaceAll('console.log(', 'print(')}\n${print}\n`,
        );
        const { printed } = (await import(file)) as { printed: string[] };
        expect(expected.length).toBeGreaterThan(0);
        expect(printed).toEqual(expected);
      },
    );
  });
}
