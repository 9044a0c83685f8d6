/** @file The browser of the tests, where there is one, and what becomes of them where there is none. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { describe, test } from 'vitest';

const places = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(
  (name) => `/usr/bin/${name}`,
);

/** Null: there is none, and `describeInChromium` skips. */
export const chromium: string | null = places.find((path) => existsSync(path)) ?? null;

/** Starts it; `end` kills it with all its processes, and resolves once it is gone. */
export function startChromium(
  args: readonly string[],
  options: SpawnOptions,
): { readonly browser: ChildProcess; end(): Promise<void> } {
  const browser = spawn(chromium!, args, { ...options, detached: true });
  return {
    browser,
    async end() {
      const gone = new Promise((resolve) => browser.once('exit', resolve));
      process.kill(-browser.pid!, 'SIGKILL');
      await gone;
    },
  };
}

/** Removes a profile; helpers of a killed browser may write a little longer, and what they leave is no fault of a test. */
export function removeProfile(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  } catch {}
}

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
