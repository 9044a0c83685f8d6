import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';

const file = new URL(`./readme-example-${process.pid}.ts`, import.meta.url);
afterAll(() => rmSync(file, { force: true }));

it('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  writeFileSync(file, /```ts\n([\s\S]*?)```/.exec(readme)![1]);
  const { equal, heldOut, text } = await import(/* @vite-ignore */ file.href);
  expect(equal).toBe(true);
  expect(heldOut).toBeGreaterThan(50);
  expect(text).toEqual(['', 'é', '!']);
});
