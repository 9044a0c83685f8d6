/** @file A vitest reporter that leaves the counts in a file, for the last line of `npm test`. */
import { writeFileSync } from 'node:fs';
import { countTests } from './counts.mjs';

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export, and calls it with `new`
export default function CountsReporter() {
  return {
    /**
     * @param {readonly import('vitest/node').TestModule[]} modules
     * @param {readonly unknown[]} unhandled
     */
    onTestRunEnd(modules, unhandled) {
      const file = process.env.OCTAVO_TEST_COUNTS;
      if (file) writeFileSync(file, JSON.stringify(countTests(modules, unhandled)));
    },
  };
}
