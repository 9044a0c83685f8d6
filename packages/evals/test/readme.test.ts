import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';

const file = new URL(`./readme-example-${process.pid}.ts`, import.meta.url);
afterAll(() => rmSync(file, { force: true }));

it('the example of the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  writeFileSync(file, /```ts\n([\s\S]*?)```/.exec(readme)![1]);
  const { report } = await import(/* @vite-ignore */ file.href);
  expect(report.baseline).toBeLessThan(report.loss);
  expect(report.perplexity).toBeCloseTo(Math.exp(report.loss), 9);
  expect(report.bitsPerByte).toBeCloseTo(report.loss / Math.LN2, 9);
});
