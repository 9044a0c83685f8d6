import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const example = fileURLToPath(new URL('./readme-example.generated.ts', import.meta.url));
afterAll(() => rmSync(example, { force: true }));

test('the README’s example does what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  writeFileSync(example, code ?? '');
  const { weights, model, rows }: Record<string, unknown> = await import(pathToFileURL(example).href);
  expect(weights).toEqual(Float32Array.of(1, 0.5, 0, -1));
  expect(model).toEqual({ layers: 1 });
  expect(rows).toBe(102);
});
