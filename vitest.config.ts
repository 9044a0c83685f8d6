import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

/** Tests run on the sources: `@octavo/NAME` and `@octavo/NAME/FOLDER` resolve to `packages/NAME/src`. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@octavo\/([a-z]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@octavo\/([a-z]+)\/([a-z-]+)$/, replacement: `${packages}/$1/src/$2/index.ts` },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tooling/*/test/**/*.test.ts'],
    // What a package's own script `test` leaves out: it ends in seconds, without a build.
    tags: [{ name: 'slow', description: 'takes seconds by itself, or needs a build' }],
    // Vitest leaves a core free, which is half of a machine with two; commands that tests start are waited for anyway.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
