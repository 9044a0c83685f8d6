/**
 * @file The device in a real browser: the bits are those of Node.
 * @module-tag slow
 */
import { expect, test } from 'vitest';
import { describeInChromium } from '../../../tooling/vitest/chromium.ts';
import { inBrowser } from '../../../tooling/vitest/in-browser.ts';
import { type Result, results } from './browser/product.ts';

const page = 'packages/simd/test/browser/page.ts';

describeInChromium('simd', () => {
  test.each([
    [true, 'threads'],
    [false, 'one thread'],
  ])('cross-origin isolation %s: %s, in the page and in a worker', { timeout: 60_000 }, async (isolated) => {
    const [expected] = await results();
    const found = (await inBrowser(page, { isolated })) as Record<'page' | 'worker', Result[]>;
    for (const place of ['page', 'worker'] as const) {
      const descriptions = found[place].map(({ description }) => description);
      expect(descriptions.map((text) => /\d threads?/.exec(text)?.[0])).toEqual([
        '1 thread',
        isolated ? '3 threads' : '1 thread',
      ]);
      for (const { values } of found[place]) expect(values).toEqual(expected!.values);
    }
  });
});
