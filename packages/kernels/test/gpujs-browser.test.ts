/**
 * @file The gpu.js devices in a real browser.
 * @module-tag slow
 */
import { BF16, round } from '@octavo/formats';
import { expect, it } from 'vitest';
import { describeInChromium } from '../../../tooling/vitest/chromium.ts';
import { inBrowser } from '../../../tooling/vitest/in-browser.ts';

describeInChromium('gpu.js', () => {
  it('runs in a browser', { timeout: 60_000 }, async () => {
    const results = await inBrowser('packages/kernels/test/browser/page.ts');
    const squares = [1, 4, 9, Math.fround(4.1) ** 2, 1e6].map((x) =>
      round(BF16, Math.fround(x), 'nearest-even'),
    );
    expect(results).toEqual(['webgpu', 'webasm', 'cpu'].map((name) => `gpu:${name} ${squares.join(' ')}`));
  });
});
