/** @file The browser packages in a Vite build with its default minifier, in Chromium; skipped where that is missing. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInChromium } from '../../vitest/chromium.ts';
import { bundle, openBundle } from '../bundle.ts';
import { browserPackages, type WrittenExample, writeExamples } from '../examples.ts';
import { installConsumer, linkPackage, removeConsumer, repository } from '../install.ts';

interface Result {
  readonly printed: Readonly<Record<string, readonly string[]>>;
  readonly failures: Readonly<Record<string, { readonly cases: number; readonly failed: readonly string[] }>>;
  readonly owns: { readonly text: string; readonly function: string };
}

describeInChromium('bundled by Vite and minified, in Chromium', () => {
  let consumer = '';
  let examples: readonly WrittenExample[] = [];
  let code = '';
  let result: Result;
  beforeAll(async () => {
    consumer = await installConsumer();
    linkPackage(consumer, join(repository, 'packages/kernels'), 'gpu.js');
    examples = writeExamples(consumer).filter(({ place }) => place === 'browser');
    code = await bundle(consumer, examples);
    result = (await openBundle(consumer)) as Result;
  }, 600_000);
  afterAll(() => removeConsumer(consumer));

  it.each(browserPackages)('@octavo/%s: the examples print what they say', (name) => {
    const own = examples.filter((example) => example.package === name);
    expect(own.length).toBeGreaterThan(0);
    for (const example of own) expect(result.printed[example.name], example.name).toEqual(example.expected);
  });

  it.each(['webasm', 'webgpu'])('gpu:%s computes as the reference does', (backend) => {
    const { cases, failed } = result.failures[backend]!;
    expect(cases).toBeGreaterThan(40);
    expect(failed).toEqual([]);
  });

  it('was minified, all but the texts of kernels', () => {
    expect(code.split('\n').length).toBeLessThan(code.length / 500);
    expect(code).toContain('function roundToGrid(x, minNormal');
  });

  it("takes a user's kernel as text, and refuses it as a function that was rewritten", () => {
    expect(result.owns.text).toBe('-1 2 -3');
    expect(result.owns.function).toMatch(/^\[kernels\] a minifier rewrote functions .*as strings$/);
  });
});
