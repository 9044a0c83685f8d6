/** @file The browser of the tests, where there is one, and what becomes of them where there is none. */
import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';

const places = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(
  (name) => `/usr/bin/${name}`,
);

/** Null: there is none, and `describeInChromium` skips. */
export const chromium: string | null = places.find((path) => existsSync(path)) ?? null;

/** Tests that need Chromium; without it there is one in their place, which is skipped and says why. */
export function describeInChromium(name: string, tests: () => void): void {
  if (chromium !== null) {
    describe(name, tests);
    return;
  }
  describe(name, () => {
    test('needs Chromium', ({ skip }) => skip(`got none of ${places.join(', ')}: apt-get install chromium`));
  });
}
